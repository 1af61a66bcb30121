#include "ptn_charset.h"


/*
 * Code pages whose text is a superset of ASCII, by the names that mail has for
 * them: the first name of a number is the one that is written.
 */
static const struct {
    uint16_t     codepage;
    const char  *charset;
} ptn_codepages[] = {
    { 65001, "utf-8" },         { 65001, "utf8" },
    { 28591, "iso-8859-1" },    { 28591, "latin1" },
    { 1252, "windows-1252" },   { 1252, "cp1252" },
    { 1250, "windows-1250" },   { 1251, "windows-1251" },
    { 1253, "windows-1253" },   { 1254, "windows-1254" },
    { 1255, "windows-1255" },   { 1256, "windows-1256" },
    { 1257, "windows-1257" },   { 1258, "windows-1258" },
    { 28592, "iso-8859-2" },    { 28593, "iso-8859-3" },
    { 28594, "iso-8859-4" },    { 28595, "iso-8859-5" },
    { 28596, "iso-8859-6" },    { 28597, "iso-8859-7" },
    { 28598, "iso-8859-8" },    { 38598, "iso-8859-8-i" },
    { 28599, "iso-8859-9" },    { 28603, "iso-8859-13" },
    { 28605, "iso-8859-15" },   { 874, "windows-874" },
    { 20866, "koi8-r" },        { 21866, "koi8-u" },
    { 932, "shift_jis" },       { 51932, "euc-jp" },
    { 936, "gb2312" },          { 936, "gbk" },
    { 54936, "gb18030" },       { 950, "big5" },
    { 949, "ks_c_5601-1987" },  { 51949, "euc-kr" },
    { 20127, "us-ascii" },
};


const char *
ptn_codepage_charset(uint32_t codepage)
{
    size_t  i;

    for (i = 0; i < ptn_nelts(ptn_codepages); i++) {
        if (ptn_codepages[i].codepage == codepage) {
            return ptn_codepages[i].charset;
        }
    }

    return NULL;
}


uint32_t
ptn_charset_codepage(ptn_str_t charset)
{
    size_t  i;

    for (i = 0; i < ptn_nelts(ptn_codepages); i++) {
        if (ptn_str_ieqz(charset, ptn_codepages[i].charset)) {
            return ptn_codepages[i].codepage;
        }
    }

    return 0;
}


ptn_rc_t
ptn_codepage_to_utf8(ptn_pool_t *pool, uint32_t codepage, ptn_str_t in,
    ptn_str_t *ret)
{
    const char  *charset;

    charset = ptn_codepage_charset(codepage);

    if (charset == NULL || codepage == 65001 || codepage == 20127) {
        *ret = ptn_utf8_clean(pool, in);
        return ptn_pool_failed(pool) ? PTN_ENOMEM : PTN_OK;
    }

    return ptn_charset_to_utf8(pool, ptn_str_z(charset), in, ret);
}
