#include "ptn_tnef_in.h"


/* Code pages of DOS: ptn_codepage.c has those of Windows and of mail. */
static const uint16_t  ptn_tnef_oem[] = {
    437, 720, 737, 775, 850, 852, 855, 857, 858, 860, 861, 862, 863, 864, 865,
    866, 869, 1361
};

/*
 * MS-OXTNEF 2.1.3.3.5: classes that had a name in Microsoft Mail.
 */
static const struct {
    const char  *old, *new;
} ptn_tnef_classes[] = {
    { "IPM.Microsoft Mail.Note",             "IPM.Note" },
    { "IPM.Microsoft Mail.Read Receipt",     "REPORT.IPM.Note.IPNRN" },
    { "IPM.Microsoft Mail.Non-Delivery",     "REPORT.IPM.Note.NDR" },
    { "IPM.Microsoft Schedule.MtgReq",       "IPM.Schedule.Meeting.Request" },
    { "IPM.Microsoft Schedule.MtgCncl",      "IPM.Schedule.Meeting.Canceled" },
    { "IPM.Microsoft Schedule.MtgRespP",     "IPM.Schedule.Meeting.Resp.Pos" },
    { "IPM.Microsoft Schedule.MtgRespN",     "IPM.Schedule.Meeting.Resp.Neg" },
    { "IPM.Microsoft Schedule.MtgRespA",     "IPM.Schedule.Meeting.Resp.Tent" },
};

#define PTN_TNEF_YEAR_MIN  1601
#define PTN_TNEF_YEAR_MAX  30827        /* the last of FILETIME */


/* --- strings -------------------------------------------------------------- */

const char *
ptn_tnef_charset(ptn_pool_t *pool, uint32_t codepage)
{
    size_t       i;
    ptn_str_t    name;
    const char  *charset;

    charset = ptn_codepage_charset(codepage);
    if (charset != NULL) {
        return charset;
    }

    for (i = 0; i < ptn_nelts(ptn_tnef_oem); i++) {
        if (ptn_tnef_oem[i] == codepage) {
            name = ptn_str_printf(pool, "cp%u", (unsigned) codepage);

            return (name.data != NULL && ptn_charset_known(name))
                   ? (char *) name.data : NULL;
        }
    }

    return NULL;
}


static bool
ptn_tnef_is_ascii(ptn_str_t s)
{
    size_t  i;
    u_char  all;

    for (i = 0, all = 0; i < s.len; i++) {
        all |= s.data[i];
    }

    return all < 0x80;
}


ptn_rc_t
ptn_tnef_text(ptn_pool_t *pool, const char *charset, ptn_str_t in,
    ptn_str_t *ret)
{
    const u_char  *nul;

    nul = in.len != 0 ? memchr(in.data, '\0', in.len) : NULL;

    if (nul != NULL) {
        in.len = (size_t) (nul - in.data);
    }

    if (ptn_tnef_is_ascii(in)) {
        *ret = in;
        return PTN_OK;
    }

    if (charset == NULL) {
        *ret = ptn_utf8_clean(pool, in);
        return ret->data != NULL ? PTN_OK : PTN_ENOMEM;
    }

    return ptn_charset_to_utf8(pool, ptn_str_z(charset), in, ret);
}


ptn_rc_t
ptn_tnef_bytes(ptn_pool_t *pool, const char *charset, ptn_str_t in,
    ptn_str_t *ret)
{
    if (ptn_tnef_is_ascii(in)) {
        *ret = in;
        return PTN_OK;
    }

    return ptn_charset_from_utf8(pool,
                                 ptn_str_z(charset ? charset : "us-ascii"),
                                 in, ret);
}


ptn_str_t
ptn_tnef_class_new(ptn_str_t old)
{
    size_t  i;

    for (i = 0; i < ptn_nelts(ptn_tnef_classes); i++) {
        if (ptn_str_ieqz(old, ptn_tnef_classes[i].old)) {
            return ptn_str_z(ptn_tnef_classes[i].new);
        }
    }

    return old;
}


ptn_str_t
ptn_tnef_class_old(ptn_str_t new)
{
    size_t  i;

    for (i = 0; i < ptn_nelts(ptn_tnef_classes); i++) {
        if (ptn_str_ieqz(new, ptn_tnef_classes[i].new)) {
            return ptn_str_z(ptn_tnef_classes[i].old);
        }
    }

    return new;
}


/* --- numbers -------------------------------------------------------------- */

bool
ptn_tnef_date_get(ptn_str_t dtr, int64_t *ret_time)
{
    unsigned       year, month, day, hour, min, sec;
    const u_char  *p;

    if (dtr.len < 12) {
        return false;
    }

    p = dtr.data;
    year = ptn_tnef_le16(p);
    month = ptn_tnef_le16(p + 2);
    day = ptn_tnef_le16(p + 4);
    hour = ptn_tnef_le16(p + 6);
    min = ptn_tnef_le16(p + 8);
    sec = ptn_tnef_le16(p + 10);

    if (year < PTN_TNEF_YEAR_MIN || year > PTN_TNEF_YEAR_MAX
        || month < 1 || month > 12 || day < 1 || day > 31
        || hour > 23 || min > 59 || sec > 59)
    {
        return false;
    }

    *ret_time = ptn_filetime(ptn_time_from_civil((int) year, (int) month,
                                                 (int) day, (int) hour,
                                                 (int) min, (int) sec));
    return true;
}


bool
ptn_tnef_date_put(int64_t time, u_char *dtr)
{
    ptn_civil_t  c;

    if (time < 0) {
        return false;
    }

    ptn_time_to_civil((time - PTN_FILETIME_1970 >= 0)
                      ? (time - PTN_FILETIME_1970) / 10000000
                      : -((PTN_FILETIME_1970 - time + 9999999) / 10000000),
                      &c);

    if (c.year < PTN_TNEF_YEAR_MIN || c.year > PTN_TNEF_YEAR_MAX) {
        return false;
    }

    ptn_tnef_put_le16(dtr, (unsigned) c.year);
    ptn_tnef_put_le16(dtr + 2, (unsigned) c.month);
    ptn_tnef_put_le16(dtr + 4, (unsigned) c.day);
    ptn_tnef_put_le16(dtr + 6, (unsigned) c.hour);
    ptn_tnef_put_le16(dtr + 8, (unsigned) c.min);
    ptn_tnef_put_le16(dtr + 10, (unsigned) c.sec);
    ptn_tnef_put_le16(dtr + 12, (unsigned) c.wday);

    return true;
}


static int
ptn_tnef_digit(u_char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }

    c = ptn_tolower(c);

    return (c >= 'a' && c <= 'f') ? c - 'a' + 10 : -1;
}


bool
ptn_tnef_hex_get(ptn_pool_t *pool, ptn_str_t hex, ptn_str_t *ret)
{
    int     hi, lo;
    size_t  i;

    if (hex.len != 0 && hex.data[hex.len - 1] == '\0') {
        hex.len--;
    }

    if (hex.len == 0 || hex.len % 2 != 0) {
        return false;
    }

    ret->len = hex.len / 2;
    ret->data = ptn_palloc(pool, ret->len);
    if (ret->data == NULL) {
        return false;
    }

    for (i = 0; i < ret->len; i++) {
        hi = ptn_tnef_digit(hex.data[2 * i]);
        lo = ptn_tnef_digit(hex.data[2 * i + 1]);

        if (hi < 0 || lo < 0) {
            return false;
        }

        ret->data[i] = (u_char) (hi << 4 | lo);
    }

    return true;
}
