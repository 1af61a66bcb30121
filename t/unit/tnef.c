/*
 * TNEF in, row by row: each attribute, each property type, names, multiple
 * values, attachments.  Everything that was read is written and read again.
 */

#include "ptn_test.h"
#include "ptn_tnef_check.h"
#include "ptn_tnef_make.h"


/* --- an object as lines --------------------------------------------------- */

static void
dump_value(ptn_buf_t *out, uint32_t tag, ptn_str_t v)
{
    size_t   i;
    int64_t  n;

    if (ptn_prop_int(tag, v, &n)) {
        ptn_buf_printf(out, "%lld", (long long) n);

    } else if (ptn_prop_type(tag) == PTN_PT_UNICODE) {
        ptn_buf_str(out, v);

    } else {
        for (i = 0; i < v.len; i++) {
            ptn_buf_printf(out, "%02x", v.data[i]);
        }
    }
}


static void
dump_props(ptn_buf_t *out, const char *scope, const ptn_tnef_t *t,
    const ptn_props_t *props)
{
    uint32_t            i, tag, n;
    ptn_str_t           v, rest, one;
    const ptn_named_t  *name;

    for (i = 0; i < props->n; i++) {
        tag = props->p[i].tag;
        v = props->p[i].value;

        if (tag >> 16 >= PTN_NAMED_FIRST) {
            name = &t->names[(tag >> 16) - PTN_NAMED_FIRST];
            ptn_buf_printf(out, "%s%02x/", scope, name->set.b[0]);

            if (name->by_name) {
                ptn_buf_str(out, name->name);

            } else {
                ptn_buf_printf(out, "0x%x", (unsigned) name->lid);
            }

        } else if (ptn_prop_name(tag)) {
            ptn_buf_printf(out, "%s%s", scope, ptn_prop_name(tag));

        } else {
            ptn_buf_printf(out, "%s%08x", scope, (unsigned) tag);
        }

        ptn_buf_printf(out, ":%s%s=", tag & PTN_PT_MV ? "MV_" : "",
                       ptn_prop_type_name(tag));

        if (tag & PTN_PT_MV) {
            n = ptn_mv_count(v);

            if (!ptn_mv_check(tag, v)) {
                ptn_buf_z(out, "(malformed)");
            }

            for (rest = ptn_mv_rest(v); n != 0; n--) {
                ptn_mv_next(tag, &rest, &one);
                ptn_buf_byte(out, '|');
                dump_value(out, tag & ~(uint32_t) PTN_PT_MV, one);
            }

        } else {
            dump_value(out, tag, v);
        }

        ptn_buf_byte(out, '\n');
    }
}


static void
dump_object(ptn_buf_t *out, const char *scope, const ptn_tnef_t *t,
    const ptn_object_t *o)
{
    char                 inner[64];
    uint32_t             i;
    const ptn_attach_t  *a;

    dump_props(out, scope, t, &o->props);

    for (i = 0; i < o->nrecips; i++) {
        ptn_buf_printf(out, "%sR row %u type %u\n", scope, o->recips[i].row,
                       o->recips[i].type);
        snprintf(inner, sizeof(inner), "%sR.", scope);
        dump_props(out, inner, t, &o->recips[i].props);
    }

    for (i = 0; i < o->nattachs; i++) {
        a = &o->attachs[i];
        ptn_buf_printf(out, "%sA num %u size %u data %.*s\n", scope, a->num,
                       (unsigned) a->size, ptn_str_arg(a->data));
        snprintf(inner, sizeof(inner), "%sA.", scope);
        dump_props(out, inner, t, &a->props);

        if (a->embedded != NULL) {
            snprintf(inner, sizeof(inner), "%sE.", scope);
            dump_object(out, inner, t, a->embedded);
        }
    }
}


/* Read, and read again after it was written; then what it holds. */

static ptn_str_t
dump(ptn_pool_t *pool, ptn_str_t bytes, const char *name)
{
    char         why[256];
    ptn_buf_t    out;
    ptn_str_t    again;
    ptn_tnef_t  *t;
    const char  *bad;

    ptn_buf_init(&out, pool);

    if (ptn_tnef_read(pool, bytes, &t) != PTN_OK) {
        return ptn_str("not read");
    }

    bad = ptn_tnef_check_round(pool, t, why, sizeof(why), &again);
    ok(bad == NULL, "%s: out and in again: %s", name, bad ? bad : "the same");

    if (t->damaged) {
        ptn_buf_z(&out, "damaged\n");
    }

    dump_object(&out, "", t, t->object);

    return ptn_buf_get(&out);
}


/* --- attributes of the message -------------------------------------------- */

#define CLASS(old, new)                                                       \
    { "class " old, 0, ATT_CLASS, B(old "\0"), "MESSAGE_CLASS:UNICODE=" new   \
      "\n" }

static const struct {
    const char  *name;
    uint32_t     codepage;
    uint32_t     id;
    ptn_str_t    data;
    const char  *want;
} attrs[] = {
    { "attSubject", 1252, ATT_SUBJECT, B("Hi\0"), "SUBJECT:UNICODE=Hi\n" },
    { "without NUL", 1252, ATT_SUBJECT, B("Hi"), "SUBJECT:UNICODE=Hi\n" },
    { "two NULs", 1252, ATT_SUBJECT, B("Hi\0x\0"), "SUBJECT:UNICODE=Hi\n" },
    { "no text", 1252, ATT_SUBJECT, B(""), "SUBJECT:UNICODE=\n" },
    { "windows-1252", 1252, ATT_SUBJECT, B("\xe4\0"),
      "SUBJECT:UNICODE=\xc3\xa4\n" },
    { "windows-1251", 1251, ATT_SUBJECT, B("\xe4\0"),
      "SUBJECT:UNICODE=\xd0\xb4\n" },
    { "shift_jis", 932, ATT_SUBJECT, B("\x82\xa0\0"),
      "SUBJECT:UNICODE=\xe3\x81\x82\n" },
    { "437, of DOS", 437, ATT_SUBJECT, B("\x84\0"),
      "SUBJECT:UNICODE=\xc3\xa4\n" },
    { "no code page is 437", 0, ATT_SUBJECT, B("\x84\0"),
      "SUBJECT:UNICODE=\xc3\xa4\n" },
    { "850", 850, ATT_SUBJECT, B("\x9b\0"), "SUBJECT:UNICODE=\xc3\xb8\n" },
    { "one that nobody knows", 4711, ATT_SUBJECT, B("\xc3\xa4\xff\0"),
      "SUBJECT:UNICODE=\xc3\xa4\xef\xbf\xbd\n" },

    CLASS("IPM.Microsoft Mail.Note", "IPM.Note"),
    CLASS("IPM.Microsoft Mail.Read Receipt", "REPORT.IPM.Note.IPNRN"),
    CLASS("IPM.Microsoft Mail.Non-Delivery", "REPORT.IPM.Note.NDR"),
    CLASS("IPM.Microsoft Schedule.MtgReq", "IPM.Schedule.Meeting.Request"),
    CLASS("IPM.Microsoft Schedule.MtgCncl", "IPM.Schedule.Meeting.Canceled"),
    CLASS("IPM.Microsoft Schedule.MtgRespP", "IPM.Schedule.Meeting.Resp.Pos"),
    CLASS("IPM.Microsoft Schedule.MtgRespN", "IPM.Schedule.Meeting.Resp.Neg"),
    CLASS("IPM.Microsoft Schedule.MtgRespA",
          "IPM.Schedule.Meeting.Resp.Tent"),
    CLASS("IPM.Contact", "IPM.Contact"),
    { "attOriginalMessageClass", 0, 0x00070006,
      B("IPM.Microsoft Mail.Note\0"), "ORIG_MESSAGE_CLASS:UNICODE=IPM.Note\n" },

    { "attPriority high", 0, 0x0004800d, B("\1\0"), "IMPORTANCE:LONG=2\n" },
    { "attPriority normal", 0, 0x0004800d, B("\2\0"), "IMPORTANCE:LONG=1\n" },
    { "attPriority low", 0, 0x0004800d, B("\3\0"), "IMPORTANCE:LONG=0\n" },
    { "attPriority 4", 0, 0x0004800d, B("\4\0"), "damaged\n" },
    { "attPriority, a byte", 0, 0x0004800d, B("\1"), "damaged\n" },

    { "attDateSent", 0, 0x00038005,
      DTR(Y2004, "\2", "\21", "\13", "\31", "\43"),
      "CLIENT_SUBMIT_TIME:SYSTIME=127214907350000000\n" },
    { "attDateRecd", 0, 0x00038006, DTR("\x41\6", "\1", "\1", "\0", "\0", "\0"),
      "MESSAGE_DELIVERY_TIME:SYSTIME=0\n" },
    { "attDateModified", 0, 0x00038020,
      DTR("\xb2\7", "\1", "\1", "\0", "\0", "\1"),
      "LAST_MODIFICATION_TIME:SYSTIME=116444736010000000\n" },
    { "attDateStart", 0, 0x00030006,
      DTR("\xb2\7", "\1", "\1", "\0", "\0", "\0"),
      "START_DATE:SYSTIME=116444736000000000\n" },
    { "attDateEnd", 0, 0x00030007,
      DTR("\xb2\7", "\1", "\1", "\0", "\1", "\0"),
      "END_DATE:SYSTIME=116444736600000000\n" },
    { "month 0", 0, 0x00038005, DTR(Y2004, "\0", "\1", "\0", "\0", "\0"),
      "damaged\n" },
    { "month 13", 0, 0x00038005, DTR(Y2004, "\15", "\1", "\0", "\0", "\0"),
      "damaged\n" },
    { "day 32", 0, 0x00038005, DTR(Y2004, "\1", "\40", "\0", "\0", "\0"),
      "damaged\n" },
    { "hour 24", 0, 0x00038005, DTR(Y2004, "\1", "\1", "\30", "\0", "\0"),
      "damaged\n" },
    { "minute 60", 0, 0x00038005, DTR(Y2004, "\1", "\1", "\0", "\74", "\0"),
      "damaged\n" },
    { "year 1600", 0, 0x00038005, DTR("\x40\6", "\1", "\1", "\0", "\0", "\0"),
      "damaged\n" },
    { "a short date", 0, 0x00038005, B(Y2004 "\1\0\1\0"), "damaged\n" },

    { "attMessageID", 0, 0x00018009, B("757BB19c\0"),
      "SEARCH_KEY:BINARY=757bb19c\n" },
    { "attParentID", 0, 0x0001800a, B("00FF\0"), "PARENT_KEY:BINARY=00ff\n" },
    { "attConversationID", 0, 0x0001800b, B("0a"), "000b0102:BINARY=0a\n" },
    { "half a digit", 0, 0x00018009, B("757\0"), "damaged\n" },
    { "no digit", 0, 0x00018009, B("7g\0"), "damaged\n" },
    { "no id", 0, 0x00018009, B("\0"), "damaged\n" },

    { "read, unmodified", 0, 0x00068007, B("\x20"),
      "MESSAGE_FLAGS:LONG=3\n" },
    { "modified, local, submitted, attachments", 0, 0x00068007, B("\x87"),
      "MESSAGE_FLAGS:LONG=28\n" },
    { "no status", 0, 0x00068007, B(""), "damaged\n" },

    { "attBody", 1252, 0x0002800c, B("Caf\xe9\r\n\0"),
      "BODY:UNICODE=Caf\xc3\xa9\r\n\n" },
    { "attRequestRes", 0, 0x00040009, B("\1\0"),
      "RESPONSE_REQUESTED:BOOLEAN=1\n" },
    { "attRequestRes no", 0, 0x00040009, B("\0\0"),
      "RESPONSE_REQUESTED:BOOLEAN=0\n" },
    { "attRequestRes short", 0, 0x00040009, B("\1"), "damaged\n" },
    { "attAidOwner", 0, 0x00050008, B("\xfe\xff\xff\xff"),
      "OWNER_APPT_ID:LONG=-2\n" },
    { "attAidOwner as short", 0, 0x00040008, B("\1\2\0\0"),
      "OWNER_APPT_ID:LONG=513\n" },
    { "attAidOwner cut", 0, 0x00040008, B("\1\2"), "damaged\n" },
    { "attDelegate", 0, 0x00060002, B("\0\1"),
      "RCVD_REPRESENTING_ENTRYID:BINARY=0001\n" },

    { "attFrom", 1252, 0x00008000,
      B("\4\0\42\0\6\0\14\0" "J\xf6rg\0\0" "SMTP:a@b.de\0" "\0\0\0\0\0\0\0"),
      "SENDER_NAME:UNICODE=J\xc3\xb6rg\nSENDER_ADDRTYPE:UNICODE=SMTP\n"
      "SENDER_EMAIL:UNICODE=a@b.de\n" },
    { "attFrom, two colons", 1252, 0x00008000,
      B("\4\0\0\0\2\0\6\0" "J\0" "X:a:b\0"),
      "SENDER_NAME:UNICODE=J\nSENDER_ADDRTYPE:UNICODE=X\n"
      "SENDER_EMAIL:UNICODE=a:b\n" },
    { "attFrom without a type", 1252, 0x00008000,
      B("\4\0\0\0\2\0\3\0" "J\0" "ab\0"), "SENDER_NAME:UNICODE=J\n" },
    { "attFrom, not one-off", 1252, 0x00008000,
      B("\2\0\0\0\2\0\3\0" "J\0" "ab\0"), "damaged\n" },
    { "attFrom, a name too long", 1252, 0x00008000,
      B("\4\0\0\0\7\0\0\0" "J\0" "ab\0\0"), "damaged\n" },
    { "attFrom, an address too long", 1252, 0x00008000,
      B("\4\0\0\0\2\0\5\0" "J\0" "ab\0\0"), "damaged\n" },
    { "attFrom, short", 1252, 0x00008000, B("\4\0\0\0\2\0\5"), "damaged\n" },

    { "attSentFor", 1252, 0x00060001, B("\3\0Al\0" "\10\0SMTP:a@\0"),
      "SENT_REPRESENTING_NAME:UNICODE=Al\n"
      "SENT_REPRESENTING_ADDRTYPE:UNICODE=SMTP\n"
      "SENT_REPRESENTING_EMAIL:UNICODE=a@\n" },
    { "attSentFor, cut name", 1252, 0x00060001, B("\4\0Al\0"), "damaged\n" },
    { "attSentFor, cut address", 1252, 0x00060001, B("\3\0Al\0" "\3\0a:"),
      "damaged\n" },
    { "attSentFor, no address", 1252, 0x00060001, B("\3\0Al\0" "\3"),
      "damaged\n" },
    { "attOwner of no meeting", 1252, 0x00060000, B("\3\0Al\0" "\4\0X:a\0"),
      "SENT_REPRESENTING_NAME:UNICODE=Al\n"
      "SENT_REPRESENTING_ADDRTYPE:UNICODE=X\n"
      "SENT_REPRESENTING_EMAIL:UNICODE=a\n" },
    { "attOwner, cut", 1252, 0x00060000, B("\3"), "damaged\n" },
    { "an attribute that nobody knows", 0, 0x00060077, B("abc"), "" },
};


static void
test_attrs(void)
{
    size_t       i;
    ptn_buf_t    b;
    ptn_pool_t  *pool;

    for (i = 0; i < ptn_nelts(attrs); i++) {
        pool = ptn_pool_create(0, NULL);
        make_start(&b, pool, attrs[i].codepage);
        make_attr(&b, MSG, attrs[i].id, attrs[i].data);
        is_str(dump(pool, ptn_buf_get(&b), attrs[i].name), attrs[i].want,
               attrs[i].name);
        ptn_pool_destroy(pool);
    }
}


/* --- encapsulated properties ---------------------------------------------- */

#define SET_A  "\xa0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1"
#define SET_B  "\xb0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1"

static const struct {
    const char  *name;
    uint32_t     n;
    ptn_str_t    bytes;
    const char  *want;
    bool         other;         /* it is written in another form */
} lists[] = {
    { "I2", 1, B("\2\0\1\x66\xfe\xff\0\0"), "66010002:I2=-2\n", false },
    { "LONG", 1, B("\3\0\x17\0\2\0\0\0"), "IMPORTANCE:LONG=2\n", false },
    { "R4", 1, B("\4\0\1\x66\0\0\x80\x3f"), "66010004:R4=1065353216\n", false },
    { "DOUBLE", 1, B("\5\0\1\x66\0\0\0\0\0\0\xf0\x3f"),
      "66010005:DOUBLE=4607182418800017408\n", false },
    { "CURRENCY", 1, B("\6\0\1\x66\1\0\0\0\0\0\0\0"),
      "66010006:CURRENCY=1\n", false },
    { "APPTIME", 1, B("\7\0\1\x66\0\0\0\0\0\0\xf0\x3f"),
      "66010007:APPTIME=4607182418800017408\n", false },
    { "ERROR", 1, B("\x0a\0\1\x66\x0e\0\7\x80"),
      "6601000a:ERROR=2147942414\n", false },
    { "BOOLEAN", 1, B("\x0b\0\2\0\1\0\0\0"),
      "ALTERNATE_RECIPIENT_ALLOWED:BOOLEAN=1\n", false },
    { "BOOLEAN of 16 bits", 1, B("\x0b\0\2\0\0\1\0\0"),
      "ALTERNATE_RECIPIENT_ALLOWED:BOOLEAN=1\n", true },
    { "I8", 1, B("\x14\0\1\x66\xff\xff\xff\xff\xff\xff\xff\xff"),
      "66010014:I8=-1\n", false },
    { "SYSTIME", 1, B("\x40\0\x39\0\1\0\0\0\0\0\0\0"),
      "CLIENT_SUBMIT_TIME:SYSTIME=1\n", false },
    { "CLSID", 1, B("\x48\0\1\x66" "0123456789abcdef"),
      "66010048:CLSID=30313233343536373839616263646566\n", false },
    { "UNICODE", 1, B("\x1f\0\x37\0\1\0\0\0\4\0\0\0\xe4\0\0\0"),
      "SUBJECT:UNICODE=\xc3\xa4\n", false },
    { "UNICODE without NUL", 1, B("\x1f\0\x37\0\1\0\0\0\2\0\0\0\xe4\0\0\0"),
      "SUBJECT:UNICODE=\xc3\xa4\n", true },
    { "UNICODE, empty", 1, B("\x1f\0\x37\0\1\0\0\0\2\0\0\0\0\0\0\0"),
      "SUBJECT:UNICODE=\n", false },
    { "UNICODE, no bytes", 1, B("\x1f\0\x37\0\1\0\0\0\0\0\0\0"),
      "SUBJECT:UNICODE=\n", true },
    { "STRING8", 1, B("\x1e\0\x37\0\1\0\0\0\2\0\0\0\xe4\0\0\0"),
      "SUBJECT:UNICODE=\xc3\xa4\n", true },
    { "BINARY", 1, B("\2\1\x0b\x30\1\0\0\0\3\0\0\0\1\0\2\0"),
      "SEARCH_KEY:BINARY=010002\n", false },
    { "BINARY, empty", 1, B("\2\1\x0b\x30\1\0\0\0\0\0\0\0"),
      "SEARCH_KEY:BINARY=\n", false },
    { "OBJECT", 1, B("\x0d\0\1\x66\1\0\0\0\22\0\0\0" IID_STREAM "hi\0\0"),
      "6601000d:OBJECT=0c00000000000000c0000000000000466869\n", false },
    { "OBJECT without an IID", 1, B("\x0d\0\1\x66\1\0\0\0\2\0\0\0hi\0\0"),
      "damaged\n", true },
    { "no value", 1, B("\2\1\x0b\x30\0\0\0\0"), "damaged\n", true },
    { "two values of one", 2, B("\2\1\x0b\x30\2\0\0\0\1\0\0\0a\0\0\0"
                                "\1\0\0\0b\0\0\0" "\3\0\x17\0\2\0\0\0"),
      "IMPORTANCE:LONG=2\nSEARCH_KEY:BINARY=61\n", true },
    { "null and unspecified", 3, B("\1\0\1\x66" "\0\0\2\x66"
                                   "\3\0\x17\0\2\0\0\0"),
      "IMPORTANCE:LONG=2\n", true },

    { "MV I2", 1, B("\2\x10\1\x66\2\0\0\0\1\0\0\0\2\0\0\0"),
      "66011002:MV_I2=|1|2\n", false },
    { "MV LONG", 1, B("\3\x10\1\x66\2\0\0\0\1\0\0\0\2\0\0\0"),
      "66011003:MV_LONG=|1|2\n", false },
    { "MV SYSTIME", 1, B("\x40\x10\1\x66\1\0\0\0\1\0\0\0\0\0\0\0"),
      "66011040:MV_SYSTIME=|1\n", false },
    { "MV CLSID", 1, B("\x48\x10\1\x66\1\0\0\0" "0123456789abcdef"),
      "66011048:MV_CLSID=|30313233343536373839616263646566\n", false },
    { "MV UNICODE", 1, B("\x1f\x10\1\x66\2\0\0\0\4\0\0\0\xe4\0\0\0"
                         "\6\0\0\0a\0b\0\0\0\0\0"),
      "6601101f:MV_UNICODE=|\xc3\xa4|ab\n", false },
    { "MV STRING8", 1, B("\x1e\x10\1\x66\2\0\0\0\2\0\0\0\xe4\0\0\0"
                         "\1\0\0\0b\0\0\0"),
      "6601101f:MV_UNICODE=|\xc3\xa4|b\n", true },
    { "MV BINARY", 1, B("\2\x11\1\x66\3\0\0\0\1\0\0\0a\0\0\0\0\0\0\0"
                        "\5\0\0\0bcdef\0\0\0"),
      "66011102:MV_BINARY=|61||6263646566\n", false },
    { "MV of none", 1, B("\3\x10\1\x66\0\0\0\0"), "66011003:MV_LONG=\n",
      false },

    { "by lid", 1, B("\3\0\x55\x80" SET_A "\0\0\0\0\1\x82\0\0\7\0\0\0"),
      "a0/0x8201:LONG=7\n", false },
    { "by name", 1, B("\3\0\x55\x80" SET_A "\1\0\0\0\6\0\0\0x\0\xe4\0\0\0"
                      "\0\0\7\0\0\0"),
      "a0/x\xc3\xa4:LONG=7\n", false },
    { "an empty name", 1, B("\3\0\x55\x80" SET_A "\1\0\0\0\2\0\0\0\0\0\0\0"
                            "\7\0\0\0"), "a0/:LONG=7\n", false },
    { "two sets, one lid, one id", 2,
      B("\3\0\x55\x80" SET_B "\0\0\0\0\1\x82\0\0\7\0\0\0"
        "\3\0\x55\x80" SET_A "\0\0\0\0\1\x82\0\0\10\0\0\0"),
      "b0/0x8201:LONG=7\na0/0x8201:LONG=8\n", false },
    { "one name, two ids", 2,
      B("\3\0\x55\x80" SET_A "\0\0\0\0\1\x82\0\0\7\0\0\0"
        "\3\0\x56\x80" SET_A "\0\0\0\0\1\x82\0\0\10\0\0\0"),
      "a0/0x8201:LONG=8\n", true },
    { "named, many", 1,
      B("\x1f\x10\0\x90" SET_A "\0\0\0\0\1\0\0\0\1\0\0\0\4\0\0\0y\0\0\0"),
      "a0/0x1:MV_UNICODE=|y\n", false },
    { "a kind of name that is none", 2,
      B("\3\0\x17\0\2\0\0\0" "\3\0\x55\x80" SET_A "\2\0\0\0\1\x82\0\0"
        "\7\0\0\0"), "damaged\nIMPORTANCE:LONG=2\n", true },
    { "a name too long", 2,
      B("\3\0\x17\0\2\0\0\0" "\3\0\x55\x80" SET_A "\1\0\0\0\xff\0\0\0x\0\0\0"
        "\7\0\0\0"), "damaged\nIMPORTANCE:LONG=2\n", true },
    { "a name cut", 2,
      B("\3\0\x17\0\2\0\0\0" "\3\0\x55\x80" SET_A "\0\0\0\0"),
      "damaged\nIMPORTANCE:LONG=2\n", true },

    { "the later one counts", 2, B("\3\0\x17\0\2\0\0\0" "\3\0\x17\0\1\0\0\0"),
      "IMPORTANCE:LONG=1\n", true },
    { "UNICODE counts, not STRING8", 2,
      B("\x1f\0\x37\0\1\0\0\0\4\0\0\0u\0\0\0"
        "\x1e\0\x37\0\1\0\0\0\2\0\0\0s\0\0\0"), "SUBJECT:UNICODE=u\n", true },
    { "id 0", 2, B("\3\0\0\0\2\0\0\0" "\3\0\x17\0\1\0\0\0"),
      "damaged\nIMPORTANCE:LONG=1\n", true },
    { "not sorted", 2, B("\2\1\x0b\x30\1\0\0\0\0\0\0\0" "\3\0\x17\0\2\0\0\0"),
      "IMPORTANCE:LONG=2\nSEARCH_KEY:BINARY=\n", true },

    { "more than there are", 9, B("\3\0\x17\0\2\0\0\0"),
      "damaged\nIMPORTANCE:LONG=2\n", true },
    { "fewer than there are", 0, B("\3\0\x17\0\2\0\0\0"), "", true },
    { "half a tag", 2, B("\3\0\x17\0\2\0\0\0\3\0"),
      "damaged\nIMPORTANCE:LONG=2\n", true },
    { "half a value", 2, B("\3\0\x17\0\2\0\0\0" "\x40\0\x39\0\1\0\0\0"),
      "damaged\nIMPORTANCE:LONG=2\n", true },
    { "half a value of 2 bytes", 2, B("\3\0\x17\0\2\0\0\0" "\2\0\1\x66\1\0"),
      "damaged\nIMPORTANCE:LONG=2\n", true },
    { "a type that is none", 3, B("\3\0\x17\0\2\0\0\0" "\x99\0\1\x66\0\0\0\0"
                                  "\3\0\x18\0\2\0\0\0"),
      "damaged\nIMPORTANCE:LONG=2\n", true },
    { "SVREID", 2, B("\3\0\x17\0\2\0\0\0" "\xfb\0\1\x66\1\0\0\0\0\0\0\0"),
      "damaged\nIMPORTANCE:LONG=2\n", true },
    { "MV OBJECT", 2, B("\3\0\x17\0\2\0\0\0" "\x0d\x10\1\x66\0\0\0\0"),
      "damaged\nIMPORTANCE:LONG=2\n", true },
    { "a length too large", 2, B("\3\0\x17\0\2\0\0\0" "\2\1\x0b\x30\1\0\0\0"
                                 "\xff\xff\xff\xff" "abcd"),
      "damaged\nIMPORTANCE:LONG=2\n", true },
    { "no length", 2, B("\3\0\x17\0\2\0\0\0" "\2\1\x0b\x30\1\0\0\0"),
      "damaged\nIMPORTANCE:LONG=2\n", true },
    { "no count", 2, B("\3\0\x17\0\2\0\0\0" "\2\1\x0b\x30"),
      "damaged\nIMPORTANCE:LONG=2\n", true },
    { "a count too large", 2, B("\3\0\x17\0\2\0\0\0" "\3\x10\1\x66"
                                "\xff\xff\xff\x7f\1\0\0\0"),
      "damaged\nIMPORTANCE:LONG=2\n", true },
    { "values of varying length cut", 2,
      B("\3\0\x17\0\2\0\0\0" "\2\x11\1\x66\2\0\0\0\1\0\0\0a\0\0\0"),
      "damaged\nIMPORTANCE:LONG=2\n", true },
    { "padding cut", 1, B("\2\1\x0b\x30\1\0\0\0\3\0\0\0\1\0\2"),
      "SEARCH_KEY:BINARY=010002\n", true },
};


static void
test_lists(void)
{
    size_t       i;
    ptn_buf_t    b;
    ptn_str_t    list, bytes, back;
    ptn_pool_t  *pool;
    ptn_tnef_t  *t;

    for (i = 0; i < ptn_nelts(lists); i++) {
        pool = ptn_pool_create(0, NULL);
        make_start(&b, pool, 1252);
        list = make_list(pool, lists[i].n, lists[i].bytes);
        make_attr(&b, MSG, ATT_MSG_PROPS, list);
        bytes = ptn_buf_get(&b);
        is_str(dump(pool, bytes, lists[i].name), lists[i].want,
               lists[i].name);

        if (!lists[i].other && ptn_tnef_read(pool, bytes, &t) == PTN_OK
            && ptn_tnef_write(pool, t, &bytes) == PTN_OK)
        {
            back = find_attr(bytes, ATT_MSG_PROPS);

            /* names have ids of their own */

            if (t->nnames != 0 && back.len == list.len) {
                memcpy(list.data + 6, back.data + 6, 2);

                if (lists[i].n == 2) {
                    memcpy(list.data + 38, back.data + 38, 2);
                }
            }

            ok(ptn_str_eq(back, list), "%s: the bytes that it was",
               lists[i].name);
        }

        ptn_pool_destroy(pool);
    }
}


/* --- whole streams -------------------------------------------------------- */

typedef struct {
    int        level;
    uint32_t   id;
    ptn_str_t  data;
} part_t;

#define PROPS(n, bytes)  B(n "\0\0\0" bytes)
#define STRING8(id, len, text)                                                \
    "\x1e\0" id "\1\0\0\0" len "\0\0\0" text

static const struct {
    const char  *name;
    part_t       parts[8];
    const char  *want;
} streams[] = {
    { "an encapsulated property before its attribute",
      { { MSG, ATT_MSG_PROPS, PROPS("\1", STRING8("\x37\0", "\4", "cap\0")) },
        { MSG, ATT_SUBJECT, B("attribute\0") } },
      "SUBJECT:UNICODE=cap\n" },
    { "and behind it",
      { { MSG, ATT_SUBJECT, B("attribute\0") },
        { MSG, ATT_MSG_PROPS, PROPS("\1", STRING8("\x37\0", "\4", "cap\0")) } },
      "SUBJECT:UNICODE=cap\n" },
    { "attOwner of a request",
      { { MSG, 0x00060000, B("\3\0Al\0" "\4\0X:a\0") },
        { MSG, ATT_CLASS, B("IPM.Microsoft Schedule.MtgReq\0") } },
      "MESSAGE_CLASS:UNICODE=IPM.Schedule.Meeting.Request\n"
      "SENT_REPRESENTING_NAME:UNICODE=Al\n"
      "SENT_REPRESENTING_ADDRTYPE:UNICODE=X\n"
      "SENT_REPRESENTING_EMAIL:UNICODE=a\n" },
    { "attOwner of a response",
      { { MSG, 0x00060000, B("\3\0Al\0" "\4\0X:a\0") },
        { MSG, ATT_CLASS, B("IPM.Microsoft Schedule.MtgRespA\0") } },
      "MESSAGE_CLASS:UNICODE=IPM.Schedule.Meeting.Resp.Tent\n"
      "RCVD_REPRESENTING_NAME:UNICODE=Al\n"
      "RCVD_REPRESENTING_ADDRTYPE:UNICODE=X\n"
      "RCVD_REPRESENTING_EMAIL_ADDRESS:UNICODE=a\n" },
    { "recipients",
      { { MSG, ATT_RECIP_TABLE,
          B("\3\0\0\0"
            "\2\0\0\0" "\3\0\x15\x0c\2\0\0\0" STRING8("\1\x30", "\2", "b\0\0\0")
            "\1\0\0\0" "\3\0\x15\x0c\1\0\0\x10"
            "\1\0\0\0" "\3\0\0\x30\x2a\0\0\0") } },
      "R row 0 type 2\nR.RECIPIENT_TYPE:LONG=2\nR.DISPLAY_NAME:UNICODE=b\n"
      "R row 1 type 1\nR.RECIPIENT_TYPE:LONG=268435457\n"
      "R row 42 type 1\nR.RECIPIENT_TYPE:LONG=1\nR.ROWID:LONG=42\n" },
    { "recipients, the second cut",
      { { MSG, ATT_RECIP_TABLE,
          B("\5\0\0\0"
            "\1\0\0\0" "\3\0\x15\x0c\2\0\0\0"
            "\2\0\0\0" "\3\0\x15\x0c\3\0\0\0" "\3\0\0\x30") } },
      "damaged\n"
      "R row 0 type 2\nR.RECIPIENT_TYPE:LONG=2\n"
      "R row 1 type 3\nR.RECIPIENT_TYPE:LONG=3\n" },
    { "recipients, no count", { { MSG, ATT_RECIP_TABLE, B("\1\0") } },
      "damaged\n" },
    { "a file",
      { { ATT, ATT_REND_DATA, B("\1\0\7\0\0\0\x20\0\x20\0\0\0\0\0") },
        { ATT, ATT_ATTACH_DATA, B("bytes") },
        { ATT, ATT_ATTACH_TITLE, B("n\xe4me.txt\0") },
        { ATT, 0x00068011, B("wmf") },
        { ATT, 0x00038012, DTR("\xb2\7", "\1", "\1", "\0", "\0", "\0") },
        { ATT, 0x00038013, DTR("\xb2\7", "\1", "\1", "\0", "\0", "\1") },
        { ATT, 0x00069001, B("t\0") } },
      "A num 0 size 5 data bytes\n"
      "A.CREATION_TIME:SYSTIME=116444736000000000\n"
      "A.LAST_MODIFICATION_TIME:SYSTIME=116444736010000000\n"
      "A.ATTACH_FILENAME:UNICODE=n\xc3\xa4me.txt\n"
      "A.ATTACH_METHOD:LONG=1\nA.ATTACH_RENDERING:BINARY=776d66\n"
      "A.RENDERING_POSITION:LONG=7\nA.ATTACH_TRANSPORT_NAME:UNICODE=t\n" },
    { "an empty file, one without data, one in MacBinary",
      { { ATT, ATT_REND_DATA, REND_FILE },
        { ATT, ATT_ATTACH_DATA, B("") },
        { ATT, ATT_REND_DATA, REND_FILE },
        { ATT, ATT_REND_DATA, B("\1\0\xff\xff\xff\xff\x20\0\x20\0\1\0\0\0") },
        { ATT, ATT_ATTACH_DATA, B("mac") } },
      "A num 0 size 0 data \nA.ATTACH_METHOD:LONG=1\n"
      "A num 1 size 0 data \nA.ATTACH_METHOD:LONG=0\n"
      "A num 2 size 3 data mac\n"
      "A.ATTACH_ENCODING:BINARY=2a864886f714030b01\nA.ATTACH_METHOD:LONG=1\n" },
    { "OLE by its type, a picture, rendering cut",
      { { ATT, ATT_REND_DATA, B("\2\0\xff\xff\xff\xff\x20\0\x20\0\0\0\0\0") },
        { ATT, ATT_ATTACH_DATA, B("ole") },
        { ATT, ATT_REND_DATA, B("\3\0\xff\xff\xff\xff\x20\0\x20\0\0\0\0\0") },
        { ATT, ATT_REND_DATA, B("\2\0\xff") } },
      "damaged\n"
      "A num 0 size 3 data ole\nA.ATTACH_METHOD:LONG=6\n"
      "A num 1 size 0 data \nA.ATTACH_METHOD:LONG=6\n"
      "A num 2 size 0 data \nA.ATTACH_METHOD:LONG=0\n" },
    { "no attAttachRendData",
      { { ATT, ATT_ATTACH_DATA, B("x") }, { ATT, ATT_ATTACH_TITLE, B("t") } },
      "A num 0 size 1 data x\nA.ATTACH_FILENAME:UNICODE=t\n"
      "A.ATTACH_METHOD:LONG=1\n" },
    { "properties of attachments win; numbers",
      { { ATT, ATT_REND_DATA, REND_FILE },
        { ATT, ATT_ATTACH_DATA, B("old") },
        { ATT, ATT_ATTACHMENT,
          PROPS("\3", "\3\0\5\x37\7\0\0\0" "\3\0\x21\x0e\5\0\0\0"
                      "\2\1\1\x37\1\0\0\0\3\0\0\0new\0") },
        { ATT, ATT_REND_DATA, REND_FILE },
        { ATT, ATT_ATTACHMENT, PROPS("\1", "\3\0\x21\x0e\4\0\0\0") } },
      "A num 5 size 3 data new\nA.ATTACH_NUM:LONG=5\nA.ATTACH_METHOD:LONG=7\n"
      "A num 4 size 0 data \nA.ATTACH_NUM:LONG=4\nA.ATTACH_METHOD:LONG=0\n" },
    { "numbers that are not different",
      { { ATT, ATT_REND_DATA, REND_FILE },
        { ATT, ATT_ATTACHMENT, PROPS("\1", "\3\0\x21\x0e\5\0\0\0") },
        { ATT, ATT_REND_DATA, REND_FILE },
        { ATT, ATT_ATTACHMENT, PROPS("\1", "\3\0\x21\x0e\5\0\0\0") } },
      "A num 0 size 0 data \nA.ATTACH_NUM:LONG=0\nA.ATTACH_METHOD:LONG=0\n"
      "A num 1 size 0 data \nA.ATTACH_NUM:LONG=1\nA.ATTACH_METHOD:LONG=0\n" },
    { "a name in the message and in a recipient",
      { { MSG, ATT_MSG_PROPS,
          PROPS("\1", "\3\0\x55\x80" SET_A "\0\0\0\0\1\x82\0\0\7\0\0\0") },
        { MSG, ATT_RECIP_TABLE,
          B("\1\0\0\0\1\0\0\0"
            "\3\0\x99\x80" SET_A "\0\0\0\0\1\x82\0\0\x08\0\0\0") } },
      "a0/0x8201:LONG=7\nR row 0 type 1\nR.RECIPIENT_TYPE:LONG=1\n"
      "R.a0/0x8201:LONG=8\n" },
    { "a wrong level for it",
      { { ATT, ATT_SUBJECT, B("s\0") }, { MSG, ATT_ATTACH_DATA, B("x") } },
      "" },
    { "an attribute behind a list that is damaged",
      { { MSG, ATT_MSG_PROPS, PROPS("\2", "\3\0\x17\0\2\0\0\0\x99\0") },
        { MSG, ATT_SUBJECT, B("s\0") } },
      "damaged\nIMPORTANCE:LONG=2\nSUBJECT:UNICODE=s\n" },
};


static void
test_streams(void)
{
    size_t       i, k;
    ptn_buf_t    b;
    ptn_pool_t  *pool;

    for (i = 0; i < ptn_nelts(streams); i++) {
        pool = ptn_pool_create(0, NULL);
        make_start(&b, pool, 1252);

        for (k = 0; k < 8 && streams[i].parts[k].level != 0; k++) {
            make_attr(&b, streams[i].parts[k].level, streams[i].parts[k].id,
                      streams[i].parts[k].data);
        }

        is_str(dump(pool, ptn_buf_get(&b), streams[i].name),
               streams[i].want, streams[i].name);
        ptn_pool_destroy(pool);
    }
}


/* --- objects in attachments ----------------------------------------------- */

static ptn_str_t
in_attachment(ptn_pool_t *pool, const char *iid, ptn_str_t bytes)
{
    ptn_buf_t  b;

    make_start(&b, pool, 1251);
    make_attr(&b, ATT, ATT_REND_DATA, REND_FILE);
    make_attr(&b, ATT, ATT_ATTACH_DATA, B("not supported"));
    make_attr(&b, ATT, ATT_ATTACHMENT, make_object(pool, iid, bytes));

    return ptn_buf_get(&b);
}


static void
test_objects(void)
{
    unsigned             i;
    ptn_buf_t            b;
    ptn_str_t            s;
    ptn_pool_t          *pool;
    ptn_tnef_t          *t;
    const ptn_object_t  *o;

    pool = ptn_pool_create(0, NULL);

    is_str(dump(pool, in_attachment(pool, IID_STORAGE, B("\xd0\xcf..")),
                "IStorage"),
           "A num 0 size 4 data \xd0\xcf..\nA.ATTACH_METHOD:LONG=6\n",
           "IStorage is OLE data");
    is_str(dump(pool, in_attachment(pool, IID_STREAM, B("str")), "IStream"),
           "A num 0 size 3 data str\nA.ATTACH_METHOD:LONG=6\n",
           "IStream is OLE data");
    is_str(dump(pool, in_attachment(pool, IID_MESSAGE, B("what?")), "no TNEF"),
           "damaged\nA num 0 size 5 data what?\nA.ATTACH_METHOD:LONG=5\n",
           "an embedded message that is none");

    /* its own code page, and that of the stream around */

    make_start(&b, pool, 1252);
    make_attr(&b, MSG, ATT_SUBJECT, B("\xe4\0"));
    is_str(dump(pool, in_attachment(pool, IID_MESSAGE, ptn_buf_get(&b)),
                "message"),
           "A num 0 size 0 data \nA.ATTACH_METHOD:LONG=5\n"
           "E.SUBJECT:UNICODE=\xc3\xa4\n", "an embedded message");
    make_start(&b, pool, 0);
    make_attr(&b, MSG, ATT_SUBJECT, B("\xe4\0"));
    is_str(dump(pool, in_attachment(pool, IID_MESSAGE, ptn_buf_get(&b)),
                "code page"),
           "A num 0 size 0 data \nA.ATTACH_METHOD:LONG=5\n"
           "E.SUBJECT:UNICODE=\xd0\xb4\n", "the code page from around it");

    /* one list of names */

    make_start(&b, pool, 1252);
    make_attr(&b, MSG, ATT_MSG_PROPS,
              PROPS("\1", "\3\0\x55\x80" SET_A "\0\0\0\0\1\x82\0\0\7\0\0\0"));
    s = in_attachment(pool, IID_MESSAGE, ptn_buf_get(&b));
    ptn_buf_init(&b, pool);
    ptn_buf_str(&b, s);
    make_attr(&b, MSG, ATT_MSG_PROPS,
              PROPS("\1", "\3\0\x77\x80" SET_A "\0\0\0\0\1\x82\0\0\7\0\0\0"));
    ok(ptn_tnef_read(pool, ptn_buf_get(&b), &t) == PTN_OK && t->nnames == 1
       && t->object->props.p[0].tag == 0x80000003
       && t->object->attachs[0].embedded->props.p[0].tag == 0x80000003,
       "one list of names for all");

    /* 50 deep is a message, the next one its bytes */

    make_start(&b, pool, 1252);
    make_attr(&b, MSG, ATT_SUBJECT, B("core\0"));
    s = ptn_buf_get(&b);

    for (i = 0; i < PTN_OBJECT_NESTING_MAX; i++) {
        s = in_attachment(pool, IID_MESSAGE, s);
    }

    ok(ptn_tnef_read(pool, s, &t) == PTN_OK && !t->damaged, "nested 50 deep");

    for (i = 0, o = t->object; o != NULL && o->nattachs == 1; i++) {
        o = o->attachs[0].embedded;
    }

    is_u64(i, PTN_OBJECT_NESTING_MAX, "as many embedded messages");
    ok(o != NULL && o->props.n == 1, "the core has its subject");
    is_rc(ptn_tnef_write(pool, t, &s), PTN_OK, "50 deep are written");

    s = in_attachment(pool, IID_MESSAGE, s);
    ok(ptn_tnef_read(pool, s, &t) == PTN_OK && t->damaged, "51 deep");

    for (i = 0, o = t->object; o->attachs[0].embedded != NULL; i++) {
        o = o->attachs[0].embedded;
    }

    ok(i == PTN_OBJECT_NESTING_MAX && o->attachs[0].data.len != 0
       && ptn_le32(o->attachs[0].data.data) == PTN_TNEF_SIGNATURE,
       "the last one is data");

    ptn_pool_destroy(pool);
}


int
main(void)
{
    ptn_pool_t  *pool;
    ptn_tnef_t  *t;

    pool = ptn_pool_create(0, NULL);
    is_rc(ptn_tnef_read(pool, B(""), &t), PTN_ECORRUPT, "nothing");
    is_rc(ptn_tnef_read(pool, B("\x78\x9f\x3e\x22\1"), &t), PTN_ECORRUPT,
          "no key");
    is_rc(ptn_tnef_read(pool, B("\x78\x9f\x3e\x23\1\0"), &t), PTN_ECORRUPT,
          "no signature");
    ok(ptn_tnef_read(pool, B("\x78\x9f\x3e\x22\x34\x12"), &t) == PTN_OK
       && t->key == 0x1234 && t->codepage == 437 && !t->damaged
       && t->object->props.n == 0, "a signature alone is an empty object");
    ptn_pool_destroy(pool);

    test_attrs();
    test_lists();
    test_streams();
    test_objects();

    return done_testing();
}
