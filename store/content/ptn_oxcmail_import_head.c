#include "ptn_oxcmail_in.h"


/* What has to be put together once all fields were seen. */
typedef struct {
    ptn_oxcmail_in_t      *in;
    ptn_props_t           *props;
    ptn_str_t              subject, topic, return_path, receipt_to;
    int                    importance, importance_rank, priority;
    bool                   has_priority;
    ptn_oxcmail_people_t   from, sender, reply_to, to, cc, bcc;
} ptn_oxcmail_head_t;

typedef struct ptn_oxcmail_field_s  ptn_oxcmail_field_t;

struct ptn_oxcmail_field_s {
    ptn_str_t   name;           /* lower case */
    void      (*set)(ptn_oxcmail_head_t *h, const ptn_oxcmail_field_t *f,
                     ptn_str_t value);
    uint32_t    arg;            /* property, offset, rank */
    bool        all;            /* each field of that name, not the first */
};

typedef struct {
    const char  *word;
    int          value;
} ptn_oxcmail_word_t;


/* --- single values -------------------------------------------------------- */

/* Message ids and the like: not encoded, empty ones are none. */

static void
ptn_oxcmail_field_id(ptn_oxcmail_head_t *h, const ptn_oxcmail_field_t *f,
    ptn_str_t value)
{
    value = ptn_oxcmail_id(h->in->pool, value);

    if (value.len != 0) {
        ptn_oxcmail_put(h->in, h->props, f->arg, value);
    }
}


static void
ptn_oxcmail_field_date(ptn_oxcmail_head_t *h, const ptn_oxcmail_field_t *f,
    ptn_str_t value)
{
    int      zone;
    int64_t  sec;

    if (ptn_mime_date(value, &sec, &zone) == PTN_OK
        && sec > -PTN_FILETIME_1970 / 10000000 && sec < 253402300800LL)
    {
        ptn_oxcmail_put_int(h->in, h->props, f->arg, ptn_filetime(sec));
    }
}


static void
ptn_oxcmail_field_keep(ptn_oxcmail_head_t *h, const ptn_oxcmail_field_t *f,
    ptn_str_t value)
{
    memcpy((u_char *) h + f->arg, &value, sizeof(value));
}


static void
ptn_oxcmail_field_people(ptn_oxcmail_head_t *h, const ptn_oxcmail_field_t *f,
    ptn_str_t value)
{
    ptn_oxcmail_people(h->in,
                       (ptn_oxcmail_people_t *) ((u_char *) h + f->arg),
                       value);
}


static bool
ptn_oxcmail_word(const ptn_oxcmail_word_t *words, size_t n, ptn_str_t value,
    int *ret)
{
    size_t  i;

    value = ptn_mime_trim(value);

    for (i = 0; i < n; i++) {
        if (ptn_str_ieqz(value, words[i].word)) {
            *ret = words[i].value;
            return true;
        }
    }

    return false;
}


/* MS-OXCMAIL 2.2.3.2.5: `Importance` counts more than the others. */

static void
ptn_oxcmail_field_importance(ptn_oxcmail_head_t *h,
    const ptn_oxcmail_field_t *f, ptn_str_t value)
{
    static const ptn_oxcmail_word_t  words[] = {
        { "low", 0 }, { "normal", 1 }, { "high", 2 },
        { "non-urgent", 0 }, { "urgent", 2 },
        { "5", 0 }, { "4", 0 }, { "3", 1 }, { "2", 2 }, { "1", 2 },
        { "5 (lowest)", 0 }, { "4 (low)", 0 }, { "3 (normal)", 1 },
        { "2 (high)", 2 }, { "1 (highest)", 2 }
    };

    if ((int) f->arg > h->importance_rank
        && ptn_oxcmail_word(words, ptn_nelts(words), value, &h->importance))
    {
        h->importance_rank = (int) f->arg;
    }
}


/* It is importance to who reads it, and PidTagPriority on its way. */

static void
ptn_oxcmail_field_priority(ptn_oxcmail_head_t *h,
    const ptn_oxcmail_field_t *f, ptn_str_t value)
{
    static const ptn_oxcmail_word_t  words[] = {
        { "non-urgent", -1 }, { "normal", 0 }, { "urgent", 1 }
    };

    h->has_priority = ptn_oxcmail_word(words, ptn_nelts(words), value,
                                       &h->priority);
    ptn_oxcmail_field_importance(h, f, value);
}


/* MS-OXCMAIL 2.2.3.2.4 */

static void
ptn_oxcmail_field_sensitivity(ptn_oxcmail_head_t *h,
    const ptn_oxcmail_field_t *f, ptn_str_t value)
{
    int                              n;
    static const ptn_oxcmail_word_t  words[] = {
        { "normal", 0 }, { "personal", 1 }, { "private", 2 },
        { "company-confidential", 3 }
    };

    if (ptn_oxcmail_word(words, ptn_nelts(words), value, &n)) {
        ptn_oxcmail_put_int(h->in, h->props, f->arg, n);
    }
}


/* MS-OXOMSG 2.2.1.3: 22 bytes, or with 5 more for each reply. */

static void
ptn_oxcmail_field_index(ptn_oxcmail_head_t *h, const ptn_oxcmail_field_t *f,
    ptn_str_t value)
{
    ptn_str_t  index;

    if (ptn_mime_decode(h->in->pool, PTN_CTE_BASE64, value, 4096, &index)
        == PTN_OK && index.len >= 22)
    {
        ptn_oxcmail_put(h->in, h->props, f->arg, index);
    }
}


/* MS-OXCMAIL 2.2.3.2.14 */

static void
ptn_oxcmail_field_suppress(ptn_oxcmail_head_t *h,
    const ptn_oxcmail_field_t *f, ptn_str_t value)
{
    int                              n, bits;
    u_char                          *comma;
    ptn_str_t                        word;
    static const ptn_oxcmail_word_t  words[] = {
        { "none", 0 }, { "all", -1 }, { "dr", 0x01 }, { "ndr", 0x02 },
        { "rn", 0x04 }, { "nrn", 0x08 }, { "oof", 0x10 },
        { "autoreply", 0x20 }
    };

    for (bits = 0; value.len != 0; ) {
        comma = memchr(value.data, ',', value.len);
        word = value;
        word.len = comma ? (size_t) (comma - value.data) : value.len;

        if (ptn_oxcmail_word(words, ptn_nelts(words), word, &n)) {
            bits |= n;
        }

        value.data += word.len + (comma != NULL);
        value.len -= word.len + (comma != NULL);
    }

    ptn_oxcmail_put_int(h->in, h->props, f->arg, bits);
}


static void
ptn_oxcmail_field_true(ptn_oxcmail_head_t *h, const ptn_oxcmail_field_t *f,
    ptn_str_t value PTN_UNUSED)
{
    ptn_oxcmail_put_int(h->in, h->props, f->arg, 1);
}


#define PTN_OXCMAIL_AT(member)  offsetof(ptn_oxcmail_head_t, member)
#define PTN_OXCMAIL_FIELD(name, set, arg, all)                                \
    { ptn_string(name), ptn_oxcmail_field_##set, arg, all }

static const ptn_oxcmail_field_t  ptn_oxcmail_fields[] = {
    PTN_OXCMAIL_FIELD("to", people, PTN_OXCMAIL_AT(to), true),
    PTN_OXCMAIL_FIELD("cc", people, PTN_OXCMAIL_AT(cc), true),
    PTN_OXCMAIL_FIELD("bcc", people, PTN_OXCMAIL_AT(bcc), true),
    PTN_OXCMAIL_FIELD("from", people, PTN_OXCMAIL_AT(from), false),
    PTN_OXCMAIL_FIELD("sender", people, PTN_OXCMAIL_AT(sender), false),
    PTN_OXCMAIL_FIELD("reply-to", people, PTN_OXCMAIL_AT(reply_to), false),
    PTN_OXCMAIL_FIELD("subject", keep, PTN_OXCMAIL_AT(subject), false),
    PTN_OXCMAIL_FIELD("thread-topic", keep, PTN_OXCMAIL_AT(topic), false),
    PTN_OXCMAIL_FIELD("thread-index", index, PTN_PR_CONVERSATION_INDEX,
                      false),
    PTN_OXCMAIL_FIELD("date", date, PTN_PR_CLIENT_SUBMIT_TIME, false),
    PTN_OXCMAIL_FIELD("expires", date, PTN_PR_EXPIRY_TIME, false),
    PTN_OXCMAIL_FIELD("expiry-date", date, PTN_PR_EXPIRY_TIME, false),
    PTN_OXCMAIL_FIELD("reply-by", date, PTN_PR_REPLY_TIME, false),
    PTN_OXCMAIL_FIELD("message-id", id, PTN_PR_INTERNET_MESSAGE_ID, false),
    PTN_OXCMAIL_FIELD("in-reply-to", id, PTN_PR_IN_REPLY_TO_ID, false),
    PTN_OXCMAIL_FIELD("references", id, PTN_PR_INTERNET_REFERENCES, false),
    PTN_OXCMAIL_FIELD("return-path", keep, PTN_OXCMAIL_AT(return_path),
                      false),
    PTN_OXCMAIL_FIELD("list-help", id, PTN_PR_LIST_HELP, false),
    PTN_OXCMAIL_FIELD("list-subscribe", id, PTN_PR_LIST_SUBSCRIBE, false),
    PTN_OXCMAIL_FIELD("list-unsubscribe", id, PTN_PR_LIST_UNSUBSCRIBE, false),
    PTN_OXCMAIL_FIELD("importance", importance, 4, false),
    PTN_OXCMAIL_FIELD("priority", priority, 3, false),
    PTN_OXCMAIL_FIELD("x-priority", importance, 2, false),
    PTN_OXCMAIL_FIELD("x-msmail-priority", importance, 1, false),
    PTN_OXCMAIL_FIELD("sensitivity", sensitivity, PTN_PR_SENSITIVITY, false),
    PTN_OXCMAIL_FIELD("x-auto-response-suppress", suppress,
                      PTN_PR_AUTO_RESPONSE_SUPPRESS, false),
    PTN_OXCMAIL_FIELD("disposition-notification-to", keep,
                      PTN_OXCMAIL_AT(receipt_to), false),
    PTN_OXCMAIL_FIELD("return-receipt-to", true,
                      PTN_PR_ORIGINATOR_DELIVERY_REPORT_REQUESTED, false),
};


static const ptn_oxcmail_field_t *
ptn_oxcmail_field(ptn_str_t name)
{
    size_t                      i;
    const ptn_oxcmail_field_t  *f;

    for (i = 0; i < ptn_nelts(ptn_oxcmail_fields); i++) {
        f = &ptn_oxcmail_fields[i];

        if (f->name.len == name.len
            && f->name.data[0] == ptn_tolower(name.data[0])
            && ptn_str_ieq(f->name, name))
        {
            return f;
        }
    }

    return NULL;
}


bool
ptn_oxcmail_field_known(ptn_str_t name)
{
    return name.len != 0 && ptn_oxcmail_field(name) != NULL;
}


/* --- what several fields make --------------------------------------------- */

/*
 * MS-OXCMAIL 2.2.3.2.6.1: up to three characters but colon, blank and digits,
 * a colon, blanks.  Returns the length of those characters, 0: no prefix.
 */
static size_t
ptn_oxcmail_prefix(ptn_str_t s)
{
    size_t    i;
    unsigned  chars;

    for (i = 0, chars = 0; i < s.len; i++) {
        if (s.data[i] == ':') {
            return i;
        }

        if (s.data[i] == ' ' || (s.data[i] >= '0' && s.data[i] <= '9')) {
            return 0;
        }

        if ((s.data[i] & 0xc0) != 0x80 && ++chars > 3) {
            return 0;
        }
    }

    return 0;
}


ptn_str_t
ptn_oxcmail_subject(ptn_pool_t *pool, ptn_str_t raw, ptn_str_t *ret_prefix,
    ptn_str_t *ret_rest)
{
    size_t      n;
    ptn_str_t   subject, rest;

    subject = ptn_oxcmail_text(pool, raw);
    n = ptn_oxcmail_prefix(subject);

    if (n == 0) {
        *ret_prefix = ptn_str("");
        *ret_rest = subject;
        return subject;
    }

    rest = ptn_str_make(subject.data + n + 1, subject.len - n - 1);

    while (rest.len != 0 && *rest.data == ' ') {
        rest.data++;
        rest.len--;
    }

    /* the subject is prefix and rest, one blank between */

    if (rest.len + n + 2 != subject.len) {
        subject = ptn_str_printf(pool, "%.*s: %.*s", (int) n,
                                 (char *) subject.data, (int) rest.len,
                                 (char *) rest.data);
        if (subject.data == NULL) {
            subject = ptn_str("");
            n = 0;
        }

        rest.data = subject.data + (n ? n + 2 : 0);
        rest.len = n ? rest.len : 0;
    }

    *ret_prefix = ptn_str_make(subject.data, n ? n + 2 : 0);
    *ret_rest = rest;

    return subject;
}


static void
ptn_oxcmail_head_subject(ptn_oxcmail_head_t *h)
{
    ptn_str_t  subject, prefix, rest;

    subject = ptn_oxcmail_subject(h->in->pool, h->subject, &prefix, &rest);

    ptn_oxcmail_put(h->in, h->props, PTN_PR_SUBJECT, subject);
    ptn_oxcmail_put(h->in, h->props, PTN_PR_SUBJECT_PREFIX, prefix);
    ptn_oxcmail_put(h->in, h->props, PTN_PR_NORMALIZED_SUBJECT, rest);

    /* 2.2.3.2.6.2: the topic of who began it, or what the subject says */

    h->topic = ptn_oxcmail_text(h->in->pool, h->topic);

    ptn_oxcmail_put(h->in, h->props, PTN_PR_CONVERSATION_TOPIC,
                    h->topic.len ? h->topic : rest);
}


static const ptn_oxcmail_who_t  ptn_oxcmail_from = {
    PTN_PR_SENT_REPRESENTING_NAME, PTN_PR_SENT_REPRESENTING_ADDRTYPE,
    PTN_PR_SENT_REPRESENTING_EMAIL, PTN_PR_SENT_REPRESENTING_SMTP_ADDRESS,
    PTN_PR_SENT_REPRESENTING_ENTRYID, PTN_PR_SENT_REPRESENTING_SEARCH_KEY
};

static const ptn_oxcmail_who_t  ptn_oxcmail_sender = {
    PTN_PR_SENDER_NAME, PTN_PR_SENDER_ADDRTYPE, PTN_PR_SENDER_EMAIL,
    PTN_PR_SENDER_SMTP_ADDRESS, PTN_PR_SENDER_ENTRYID,
    PTN_PR_SENDER_SEARCH_KEY
};

static const ptn_oxcmail_who_t  ptn_oxcmail_receipt = {
    PTN_PR_READ_RECEIPT_NAME, PTN_PR_READ_RECEIPT_ADDRESS_TYPE,
    PTN_PR_READ_RECEIPT_EMAIL_ADDRESS, PTN_PR_READ_RECEIPT_SMTP_ADDRESS,
    PTN_PR_READ_RECEIPT_ENTRYID, PTN_PR_READ_RECEIPT_SEARCH_KEY
};


/* MS-OXCMAIL 2.2.3.2.1: who wrote it, and who sent it. */

static void
ptn_oxcmail_head_people(ptn_oxcmail_head_t *h)
{
    ptn_oxcmail_people_t  *from, *sender, receipt = { 0 };

    from = h->from.n ? &h->from : &h->sender;
    sender = h->sender.n ? &h->sender : &h->from;

    if (from->n != 0) {
        ptn_oxcmail_put_person(h->in, h->props, &ptn_oxcmail_from,
                               &from->p[0]);
        ptn_oxcmail_put_person(h->in, h->props, &ptn_oxcmail_sender,
                               &sender->p[0]);
    }

    ptn_oxcmail_put_reply_to(h->in, &h->reply_to);

    /* 2.2.3.2.13 */

    if (h->receipt_to.len != 0) {
        ptn_oxcmail_people(h->in, &receipt, h->receipt_to);
    }

    if (receipt.n != 0) {
        ptn_oxcmail_put_person(h->in, h->props, &ptn_oxcmail_receipt,
                               &receipt.p[0]);
    }

    ptn_oxcmail_put_int(h->in, h->props, PTN_PR_READ_RECEIPT_REQUESTED,
                        receipt.n != 0);
    ptn_oxcmail_put_int(h->in, h->props,
                        PTN_PR_NON_RECEIPT_NOTIFICATION_REQUESTED,
                        receipt.n != 0);

    ptn_oxcmail_put_display(h->in, PTN_PR_DISPLAY_TO, &h->to);
    ptn_oxcmail_put_display(h->in, PTN_PR_DISPLAY_CC, &h->cc);
    ptn_oxcmail_put_display(h->in, PTN_PR_DISPLAY_BCC, &h->bcc);
}


static void
ptn_oxcmail_head_recips(ptn_oxcmail_head_t *h)
{
    h->in->object->recips = ptn_parray(h->in->pool,
                                       (size_t) h->to.n + h->cc.n + h->bcc.n,
                                       sizeof(ptn_recip_t));
    if (h->in->object->recips == NULL) {
        h->in->rc = PTN_ENOMEM;
        return;
    }

    ptn_oxcmail_put_recips(h->in, &h->to, PTN_RECIP_TO);
    ptn_oxcmail_put_recips(h->in, &h->cc, PTN_RECIP_CC);
    ptn_oxcmail_put_recips(h->in, &h->bcc, PTN_RECIP_BCC);
}


/* PidTagTransportMessageHeaders, MS-OXCMAIL 2.2.3.2.26: all of the header. */

static void
ptn_oxcmail_head_transport(ptn_oxcmail_head_t *h)
{
    ptn_str_t               s;
    const ptn_mime_part_t  *root;

    root = h->in->root;

    if (root->header_len == 0 || root->header > h->in->mime->raw.len
        || root->header_len > h->in->mime->raw.len - root->header)
    {
        return;
    }

    s = ptn_str_make(h->in->mime->raw.data + root->header, root->header_len);
    s = ptn_oxcmail_clean(h->in->pool, ptn_mime_guess(h->in->pool, s));

    /* without the empty line, with the break of the last one */

    if (s.len >= 4 && memcmp(s.data + s.len - 4, "\r\n\r\n", 4) == 0) {
        s.len -= 2;

    } else if (s.len >= 2 && memcmp(s.data + s.len - 2, "\n\n", 2) == 0) {
        s.len--;
    }

    ptn_oxcmail_put(h->in, h->props, PTN_PR_TRANSPORT_MESSAGE_HEADERS, s);
}


static void
ptn_oxcmail_head_rest(ptn_oxcmail_head_t *h)
{
    static const ptn_oxcmail_field_t  return_path = {
        ptn_null_string, NULL, PTN_PR_INTERNET_RETURN_PATH, false
    };

    ptn_oxcmail_put_int(h->in, h->props, PTN_PR_IMPORTANCE, h->importance);
    ptn_oxcmail_put_int(h->in, h->props, PTN_PR_PRIORITY,
                        h->has_priority ? h->priority : h->importance - 1);

    if (ptn_props_find(h->props, ptn_prop_id(PTN_PR_SENSITIVITY), NULL).data
        == NULL)
    {
        ptn_oxcmail_put_int(h->in, h->props, PTN_PR_SENSITIVITY, 0);
    }

    if (h->return_path.len != 0) {
        ptn_oxcmail_field_id(h, &return_path, h->return_path);
    }

    ptn_oxcmail_head_transport(h);
}


void
ptn_oxcmail_import_head(ptn_oxcmail_in_t *in)
{
    bool                        want;
    uint32_t                    i;
    uint64_t                    seen, bit;
    const ptn_mime_field_t     *field;
    ptn_oxcmail_head_t          h;
    const ptn_oxcmail_field_t  *f;

    memset(&h, 0, sizeof(h));
    h.in = in;
    h.props = &in->object->props;
    h.importance = 1;
    seen = 0;

    for (i = 0; i < in->root->nfields; i++) {
        field = &in->root->fields[i];

        if (field->name.len == 0) {
            continue;
        }

        f = ptn_oxcmail_field(field->name);
        if (f == NULL) {
            continue;
        }

        bit = 1ULL << (f - ptn_oxcmail_fields);
        want = (in->what & PTN_OXCMAIL_PROPS) || f->all;

        if (want && (f->all || !(seen & bit))) {
            seen |= bit;
            f->set(&h, f, field->value);
        }
    }

    if (in->what & PTN_OXCMAIL_PROPS) {
        ptn_oxcmail_head_subject(&h);
        ptn_oxcmail_head_people(&h);
        ptn_oxcmail_head_rest(&h);
    }

    if (in->rc == PTN_OK && (in->what & PTN_OXCMAIL_RECIPS)) {
        ptn_oxcmail_head_recips(&h);
    }
}


/* --- message class -------------------------------------------------------- */

/* The first value of that field among the groups of a delivery-status or
 * disposition-notification (RFC 3464 2.1, RFC 8098 3.1). */

static ptn_str_t
ptn_oxcmail_report_field(ptn_oxcmail_in_t *in, const char *subtype,
    const char *name)
{
    size_t                  n;
    u_char                 *lf;
    ptn_str_t               s, line;
    const ptn_mime_part_t  *part;

    for (part = in->root->child; part != NULL; part = part->next) {

        if (!ptn_str_eqz(part->type, "message")
            || !ptn_str_eqz(part->subtype, subtype)
            || !ptn_oxcmail_bytes(in->mime, part, &s)
            || ptn_mime_decode(in->pool, (ptn_cte_e) part->cte, s, SIZE_MAX,
                               &s) != PTN_OK)
        {
            continue;
        }

        for (n = strlen(name); s.len != 0; ) {
            lf = memchr(s.data, '\n', s.len);
            line = s;
            line.len = lf ? (size_t) (lf - s.data) : s.len;

            if (line.len > n && line.data[n] == ':'
                && ptn_str_istarts(line, name))
            {
                return ptn_mime_trim(ptn_str_make(line.data + n + 1,
                                                  line.len - n - 1));
            }

            s.data += line.len + (lf != NULL);
            s.len -= line.len + (lf != NULL);
        }
    }

    return (ptn_str_t) ptn_null_string;
}


/* MS-OXCMAIL 2.2.3.5, MS-OXOMSG 2.2.2; what it says of its first recipient. */

static const char *
ptn_oxcmail_report_class(ptn_oxcmail_in_t *in)
{
    size_t     i;
    ptn_str_t  type, s;
    static const struct {
        const char  *action;
        const char  *class;
    } classes[] = {
        { "failed", "REPORT.IPM.Note.NDR" },
        { "delayed", "REPORT.IPM.Note.Delayed" },
        { "delivered", "REPORT.IPM.Note.DR" },
        { "relayed", "REPORT.IPM.Note.Relayed" },
        { "expanded", "REPORT.IPM.Note.Expanded" },
    };

    if (in->root->kind != PTN_MIME_MULTIPART
        || !ptn_str_eqz(in->root->subtype, "report"))
    {
        return NULL;
    }

    type = ptn_mime_param(in->root->params, in->root->nparams, "report-type");

    if (ptn_str_ieqz(type, "disposition-notification")) {
        s = ptn_oxcmail_report_field(in, "disposition-notification",
                                     "disposition");

        while (s.len != 0 && *s.data != ';') {
            s.data++;
            s.len--;
        }

        s = s.len ? ptn_mime_trim(ptn_str_make(s.data + 1, s.len - 1)) : s;

        return ptn_str_istarts(s, "deleted") ? "REPORT.IPM.Note.IPNNRN"
                                             : "REPORT.IPM.Note.IPNRN";
    }

    if (!ptn_str_ieqz(type, "delivery-status")) {
        return NULL;
    }

    s = ptn_oxcmail_report_field(in, "delivery-status", "action");

    for (i = 0; i < ptn_nelts(classes); i++) {
        if (ptn_str_istarts(s, classes[i].action)) {
            return classes[i].class;
        }
    }

    return classes[0].class;
}


void
ptn_oxcmail_import_class(ptn_oxcmail_in_t *in)
{
    uint32_t     i;
    bool         has;
    const char  *class;

    class = in->smime ? in->smime : ptn_oxcmail_report_class(in);

    ptn_oxcmail_put(in, &in->object->props, PTN_PR_MESSAGE_CLASS,
                    ptn_str_z(class ? class : "IPM.Note"));

    for (i = 0, has = false; i < in->n; i++) {
        has |= in->items[i].role == PTN_OXCMAIL_ATTACH
               || in->items[i].role == PTN_OXCMAIL_SIGNED;
    }

    ptn_oxcmail_put_int(in, &in->object->props, PTN_PR_HASATTACH, has);
}
