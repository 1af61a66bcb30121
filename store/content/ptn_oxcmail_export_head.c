#include "ptn_oxcmail_in.h"
#include "ptn_oxcmail_out.h"


typedef struct {
    uint32_t  name, addrtype, email, smtp, entryid;
} ptn_oxcmail_out_who_t;


/* --- people --------------------------------------------------------------- */

/*
 * SMTP address and name of somebody.  Clients set some of these properties:
 * the plain ones first, then what the entry id says.  False: no address.
 */
static bool
ptn_oxcmail_out_person(ptn_oxcmail_out_t *o, const ptn_props_t *props,
    const ptn_oxcmail_out_who_t *who, ptn_str_t *ret_name,
    ptn_str_t *ret_email)
{
    ptn_str_t         name, email, type, eid;
    ptn_eid_person_t  person;

    name = ptn_props_get(props, who->name);
    email = ptn_props_get(props, who->smtp);
    type = ptn_props_get(props, who->addrtype);

    if (email.len == 0
        && (type.len == 0 || ptn_str_ieqz(type, "SMTP")))
    {
        email = ptn_props_get(props, who->email);
    }

    eid = ptn_props_get(props, who->entryid);

    if ((email.len == 0 || name.len == 0) && eid.len != 0
        && ptn_eid_person_parse(o->pool, eid, &person) == PTN_OK)
    {
        if (email.len == 0 && ptn_str_ieqz(person.addrtype, "SMTP")) {
            email = person.address;
        }

        name = name.len ? name : person.display;
    }

    *ret_name = name;
    *ret_email = email;

    return email.len != 0 || name.len != 0;
}


/* Is it dot-atom "@" dot-atom, or what else may stand between < and >? */

static ptn_str_t
ptn_oxcmail_out_addr(ptn_oxcmail_out_t *o, ptn_str_t email)
{
    bool        quote;
    size_t      i;
    u_char     *at, c;
    ptn_buf_t   out;
    ptn_str_t   local, domain;

    at = email.len ? memrchr(email.data, '@', email.len) : NULL;
    local = email;
    domain.len = 0;
    domain.data = NULL;

    if (at != NULL) {
        local.len = (size_t) (at - email.data);
        domain = ptn_str_make(at + 1, email.len - local.len - 1);
    }

    quote = local.len == 0 && domain.len != 0;

    for (i = 0; i < local.len; i++) {
        c = local.data[i];
        quote |= c <= ' ' || c == 0x7f || strchr("()<>[]:;@\\,\"", c) != NULL
                 || (c == '.' && (i == 0 || i + 1 == local.len
                                  || local.data[i - 1] == '.'));
    }

    ptn_buf_init(&out, o->pool);
    ptn_buf_byte(&out, '<');

    if (quote) {
        ptn_buf_byte(&out, '"');
    }

    for (i = 0; i < local.len; i++) {
        c = local.data[i];

        if (c < ' ' || c == 0x7f) {
            continue;
        }

        if (quote && (c == '"' || c == '\\')) {
            ptn_buf_byte(&out, '\\');
        }

        ptn_buf_byte(&out, c);
    }

    if (quote) {
        ptn_buf_byte(&out, '"');
    }

    if (domain.len != 0) {
        ptn_buf_byte(&out, '@');
    }

    for (i = 0; i < domain.len; i++) {
        c = domain.data[i];

        if (!ptn_oxcmail_domain_bad(c)) {
            ptn_buf_byte(&out, c);
        }
    }

    ptn_buf_byte(&out, '>');

    return ptn_buf_get(&out);
}


static void
ptn_oxcmail_out_mailbox(ptn_oxcmail_fold_t *f, ptn_str_t name,
    ptn_str_t email, bool comma)
{
    ptn_str_t  addr;

    if (name.len != 0 && !ptn_str_eq(name, email)) {
        ptn_oxcmail_fold_phrase(f, name);
    }

    addr = ptn_oxcmail_out_addr(f->o, email);

    /* alone it needs no brackets */

    if ((name.len == 0 || ptn_str_eq(name, email)) && addr.len > 2) {
        addr.data++;
        addr.len -= 2;
    }

    ptn_oxcmail_fold_add(f, addr);

    if (comma) {
        ptn_buf_byte(&f->o->out, ',');
        f->column++;
    }
}


static bool
ptn_oxcmail_out_one(ptn_oxcmail_out_t *o, const char *field,
    const ptn_props_t *props, const ptn_oxcmail_out_who_t *who)
{
    ptn_str_t           name, email;
    ptn_oxcmail_fold_t  f;

    if (!ptn_oxcmail_out_person(o, props, who, &name, &email)) {
        return false;
    }

    ptn_oxcmail_fold(&f, o, field);
    ptn_oxcmail_out_mailbox(&f, name, email, false);
    ptn_oxcmail_fold_end(&f);

    return true;
}


static const ptn_oxcmail_out_who_t  ptn_oxcmail_out_recip = {
    PTN_PR_DISPLAY_NAME, PTN_PR_ADDRTYPE, PTN_PR_EMAIL_ADDRESS,
    PTN_PR_SMTP_ADDRESS, PTN_PR_ENTRYID
};


static void
ptn_oxcmail_out_recips(ptn_oxcmail_out_t *o, const ptn_object_t *object,
    const char *field, uint32_t type)
{
    bool                any;
    uint32_t            i;
    ptn_str_t           name, email, next_name, next_email;
    ptn_oxcmail_fold_t  f;

    any = false;

    for (i = 0; i < object->nrecips; i++) {

        /* upper bits say that it was resent to (MS-OXOMSG 2.2.3.1.2) */

        if ((object->recips[i].type & 0x0f) != type
            || !ptn_oxcmail_out_person(o, &object->recips[i].props,
                                       &ptn_oxcmail_out_recip, &next_name,
                                       &next_email))
        {
            continue;
        }

        if (any) {
            ptn_oxcmail_out_mailbox(&f, name, email, true);

        } else {
            ptn_oxcmail_fold(&f, o, field);
            any = true;
        }

        name = next_name;
        email = next_email;
    }

    if (any) {
        ptn_oxcmail_out_mailbox(&f, name, email, false);
        ptn_oxcmail_fold_end(&f);
    }
}


/* The entry ids of a FlatEntryList (MS-OXCDATA 2.3.3). */

static void
ptn_oxcmail_out_reply_to(ptn_oxcmail_out_t *o, const ptn_object_t *object)
{
    bool                any;
    size_t              off, len;
    uint32_t            n;
    ptn_str_t           list, eid;
    ptn_eid_person_t    person, last;
    ptn_oxcmail_fold_t  f;

    list = ptn_props_get(&object->props, PTN_PR_REPLY_RECIPIENT_ENTRIES);

    if (list.len < 8) {
        return;
    }

    n = ptn_le32(list.data);
    any = false;

    for (off = 8; n != 0 && list.len - off >= 4; n--) {
        len = ptn_le32(list.data + off);
        off += 4;

        if (len > list.len - off) {
            break;
        }

        eid = ptn_str_make(list.data + off, len);
        off += ptn_min((len + 3) / 4 * 4, list.len - off);

        if (ptn_eid_person_parse(o->pool, eid, &person) != PTN_OK
            || !ptn_str_ieqz(person.addrtype, "SMTP"))
        {
            continue;
        }

        if (any) {
            ptn_oxcmail_out_mailbox(&f, last.display, last.address, true);

        } else {
            ptn_oxcmail_fold(&f, o, "Reply-To");
            any = true;
        }

        last = person;
    }

    if (any) {
        ptn_oxcmail_out_mailbox(&f, last.display, last.address, false);
        ptn_oxcmail_fold_end(&f);
    }
}


/* --- single values -------------------------------------------------------- */

static const char  ptn_oxcmail_days[][4] = {
    "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"
};

static const char  ptn_oxcmail_months[][4] = {
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct",
    "Nov", "Dec"
};


ptn_str_t
ptn_oxcmail_out_date(ptn_pool_t *pool, int64_t sec)
{
    ptn_civil_t  c;

    ptn_time_to_civil(sec, &c);

    return ptn_str_printf(pool, "%s, %02d %s %04d %02d:%02d:%02d +0000",
                          ptn_oxcmail_days[c.wday], c.day,
                          ptn_oxcmail_months[c.month - 1], c.year, c.hour,
                          c.min, c.sec);
}


/* A FILETIME that a date can say: 1601 to 9999. */

bool
ptn_oxcmail_out_time(const ptn_props_t *props, uint32_t tag, int64_t *ret_sec)
{
    int64_t  n;

    if (!ptn_props_int(props, tag, &n) || n < 0
        || n >= ptn_filetime(253402300800LL))
    {
        return false;
    }

    *ret_sec = n / 10000000 - PTN_FILETIME_1970 / 10000000;

    return true;
}


static void
ptn_oxcmail_out_time_field(ptn_oxcmail_out_t *o, const ptn_object_t *object,
    const char *name, uint32_t tag)
{
    int64_t  sec;

    if (ptn_oxcmail_out_time(&object->props, tag, &sec)) {
        ptn_oxcmail_write_id(o, name, ptn_oxcmail_out_date(o->pool, sec));
    }
}


static void
ptn_oxcmail_out_id_field(ptn_oxcmail_out_t *o, const ptn_object_t *object,
    const char *name, uint32_t tag)
{
    ptn_str_t  value;

    value = ptn_props_get(&object->props, tag);

    if (value.len != 0) {
        ptn_oxcmail_write_id(o, name, value);
    }
}


/* The word of a number; the one that is the default is not written. */

static void
ptn_oxcmail_out_word_field(ptn_oxcmail_out_t *o, const ptn_object_t *object,
    const char *name, uint32_t tag, const char *const *words, size_t n,
    int64_t normal)
{
    int64_t  value;

    if (ptn_props_int(&object->props, tag, &value) && value >= 0
        && value < (int64_t) n && value != normal)
    {
        ptn_oxcmail_write_id(o, name, ptn_str_z(words[value]));
    }
}


static void
ptn_oxcmail_out_grades(ptn_oxcmail_out_t *o, const ptn_object_t *object)
{
    int64_t                   importance, priority;
    static const char *const  importances[] = { "Low", "Normal", "High" };
    static const char *const  sensitivities[] = {
        "Normal", "Personal", "Private", "Company-Confidential"
    };

    ptn_oxcmail_out_word_field(o, object, "Importance", PTN_PR_IMPORTANCE,
                               importances, 3, 1);
    ptn_oxcmail_out_word_field(o, object, "Sensitivity", PTN_PR_SENSITIVITY,
                               sensitivities, 4, 0);

    if (!ptn_props_int(&object->props, PTN_PR_IMPORTANCE, &importance)) {
        importance = 1;
    }

    /* only where it says something else */

    if (ptn_props_int(&object->props, PTN_PR_PRIORITY, &priority)
        && priority != importance - 1 && priority >= -1 && priority <= 1)
    {
        if (importance == 1) {
            ptn_oxcmail_write_id(o, "Importance", ptn_str("Normal"));
        }

        ptn_oxcmail_write_id(o, "Priority",
                             priority < 0 ? ptn_str("Non-Urgent")
                             : priority == 0 ? ptn_str("Normal")
                                             : ptn_str("Urgent"));
    }
}


static void
ptn_oxcmail_out_suppress(ptn_oxcmail_out_t *o, const ptn_object_t *object)
{
    size_t                    i;
    int64_t                   bits;
    ptn_buf_t                 out;
    static const char *const  words[] = {
        "DR", "NDR", "RN", "NRN", "OOF", "AutoReply"
    };

    if (!ptn_props_int(&object->props, PTN_PR_AUTO_RESPONSE_SUPPRESS, &bits)) {
        return;
    }

    ptn_buf_init(&out, o->pool);

    for (i = 0; bits != -1 && i < ptn_nelts(words); i++) {
        if (bits & (1 << i)) {
            ptn_buf_printf(&out, "%s%s", out.len ? ", " : "", words[i]);
        }
    }

    ptn_oxcmail_write_id(o, "X-Auto-Response-Suppress",
                         bits == -1 ? ptn_str("All")
                         : out.len ? ptn_buf_get(&out) : ptn_str("None"));
}


static void
ptn_oxcmail_out_conversation(ptn_oxcmail_out_t *o,
    const ptn_object_t *object)
{
    ptn_str_t  topic, subject, index;

    topic = ptn_props_get(&object->props, PTN_PR_CONVERSATION_TOPIC);
    subject = ptn_props_get(&object->props, PTN_PR_NORMALIZED_SUBJECT);
    index = ptn_props_get(&object->props, PTN_PR_CONVERSATION_INDEX);

    if (topic.len != 0 && !ptn_str_eq(topic, subject)) {
        ptn_oxcmail_write_text(o, "Thread-Topic", topic);
    }

    if (index.len >= 22 && index.len <= 600) {
        ptn_oxcmail_write_id(o, "Thread-Index",
                             ptn_base64_encode(o->pool, index));
    }
}


/* PidTagSubject, or the two that it is put together from. */

static void
ptn_oxcmail_out_subject(ptn_oxcmail_out_t *o, const ptn_object_t *object)
{
    ptn_str_t  subject, prefix, rest;

    subject = ptn_props_get(&object->props, PTN_PR_SUBJECT);

    if (subject.data == NULL) {
        prefix = ptn_props_get(&object->props, PTN_PR_SUBJECT_PREFIX);
        rest = ptn_props_get(&object->props, PTN_PR_NORMALIZED_SUBJECT);
        subject = ptn_str_printf(o->pool, "%.*s%.*s", ptn_str_arg(prefix),
                                 ptn_str_arg(rest));
    }

    ptn_oxcmail_write_text(o, "Subject", subject);
}


static void
ptn_oxcmail_out_message_id(ptn_oxcmail_out_t *o, const ptn_object_t *object)
{
    ptn_str_t  id;

    id = ptn_props_get(&object->props, PTN_PR_INTERNET_MESSAGE_ID);

    if (id.len == 0 && o->depth == 0 && o->opts->hostname.len != 0) {
        id = ptn_str_printf(o->pool, "<%.*s@%.*s>",
                            ptn_str_arg(o->opts->boundary),
                            ptn_str_arg(o->opts->hostname));
    }

    ptn_oxcmail_write_id(o, "Message-ID", id);
}


/* Fields of the header that it came with, but those that properties make and
 * those of MIME. */

static void
ptn_oxcmail_out_trace(ptn_oxcmail_out_t *o, const ptn_object_t *object)
{
    uint32_t                 i, k;
    ptn_str_t                head;
    ptn_mime_t              *mime;
    const ptn_mime_field_t  *f;

    head = ptn_props_get(&object->props, PTN_PR_TRANSPORT_MESSAGE_HEADERS);

    if (head.len == 0) {
        return;
    }

    o->rc = ptn_mime_parse(o->pool, head, &mime);
    if (o->rc != PTN_OK) {
        return;
    }

    for (i = 0; i < mime->root->nfields; i++) {
        f = &mime->root->fields[i];

        for (k = 0; k < f->name.len; k++) {
            if (f->name.data[k] <= ' ' || f->name.data[k] > 0x7e) {
                break;
            }
        }

        if (k < f->name.len || k == 0 || k > PTN_OXCMAIL_LINE
            || ptn_oxcmail_field_known(f->name)
            || ptn_str_istarts(f->name, "content-")
            || ptn_str_ieqz(f->name, "mime-version"))
        {
            continue;
        }

        ptn_oxcmail_write_text(o, ptn_str_dupz(o->pool, f->name),
                               ptn_mime_guess(o->pool,
                                   ptn_mime_unfold(o->pool, f->value)));
    }
}


static const ptn_oxcmail_out_who_t  ptn_oxcmail_out_from = {
    PTN_PR_SENT_REPRESENTING_NAME, PTN_PR_SENT_REPRESENTING_ADDRTYPE,
    PTN_PR_SENT_REPRESENTING_EMAIL, PTN_PR_SENT_REPRESENTING_SMTP_ADDRESS,
    PTN_PR_SENT_REPRESENTING_ENTRYID
};

static const ptn_oxcmail_out_who_t  ptn_oxcmail_out_sender = {
    PTN_PR_SENDER_NAME, PTN_PR_SENDER_ADDRTYPE, PTN_PR_SENDER_EMAIL,
    PTN_PR_SENDER_SMTP_ADDRESS, PTN_PR_SENDER_ENTRYID
};

static const ptn_oxcmail_out_who_t  ptn_oxcmail_out_receipt = {
    PTN_PR_READ_RECEIPT_NAME, PTN_PR_READ_RECEIPT_ADDRESS_TYPE,
    PTN_PR_READ_RECEIPT_EMAIL_ADDRESS, PTN_PR_READ_RECEIPT_SMTP_ADDRESS,
    PTN_PR_READ_RECEIPT_ENTRYID
};


/* From; Sender when that is somebody else (MS-OXCMAIL 2.1.3.1.6). */

static void
ptn_oxcmail_out_authors(ptn_oxcmail_out_t *o, const ptn_object_t *object)
{
    bool                          from, sender;
    ptn_str_t                     name, email, name2, email2;
    const ptn_oxcmail_out_who_t  *who;

    from = ptn_oxcmail_out_person(o, &object->props, &ptn_oxcmail_out_from,
                                  &name, &email);
    sender = ptn_oxcmail_out_person(o, &object->props,
                                    &ptn_oxcmail_out_sender, &name2, &email2);

    who = from ? &ptn_oxcmail_out_from : &ptn_oxcmail_out_sender;
    (void) ptn_oxcmail_out_one(o, "From", &object->props, who);

    if (from && sender && (!ptn_str_ieq(email, email2)
                           || !ptn_str_eq(name, name2)))
    {
        (void) ptn_oxcmail_out_one(o, "Sender", &object->props,
                                   &ptn_oxcmail_out_sender);
    }
}


/* MS-OXCMAIL 2.1.3.2 */

static void
ptn_oxcmail_out_receipts(ptn_oxcmail_out_t *o, const ptn_object_t *object)
{
    int64_t                       n;
    const ptn_oxcmail_out_who_t  *who[] = {
        &ptn_oxcmail_out_receipt, &ptn_oxcmail_out_from,
        &ptn_oxcmail_out_sender
    };
    size_t                        i;

    if (ptn_props_int(&object->props, PTN_PR_READ_RECEIPT_REQUESTED, &n)
        && n != 0)
    {
        for (i = 0; i < ptn_nelts(who); i++) {
            if (ptn_oxcmail_out_one(o, "Disposition-Notification-To",
                                    &object->props, who[i]))
            {
                break;
            }
        }
    }

    if (ptn_props_int(&object->props,
                      PTN_PR_ORIGINATOR_DELIVERY_REPORT_REQUESTED, &n)
        && n != 0)
    {
        for (i = 1; i < ptn_nelts(who); i++) {
            if (ptn_oxcmail_out_one(o, "Return-Receipt-To", &object->props,
                                    who[i]))
            {
                return;
            }
        }

        ptn_oxcmail_write_id(o, "Return-Receipt-To", ptn_str("<>"));
    }
}


void
ptn_oxcmail_export_head(ptn_oxcmail_out_t *o, const ptn_object_t *object)
{
    int64_t  sec;

    if (o->opts->bcc || o->depth != 0) {
        ptn_oxcmail_out_id_field(o, object, "Return-Path",
                                 PTN_PR_INTERNET_RETURN_PATH);
        ptn_oxcmail_out_trace(o, object);
    }

    ptn_oxcmail_out_authors(o, object);
    ptn_oxcmail_out_reply_to(o, object);
    ptn_oxcmail_out_recips(o, object, "To", PTN_RECIP_TO);
    ptn_oxcmail_out_recips(o, object, "Cc", PTN_RECIP_CC);

    if (o->opts->bcc || o->depth != 0) {
        ptn_oxcmail_out_recips(o, object, "Bcc", PTN_RECIP_BCC);
    }

    ptn_oxcmail_out_subject(o, object);

    if (ptn_oxcmail_out_time(&object->props, PTN_PR_CLIENT_SUBMIT_TIME, &sec)) {
        ptn_oxcmail_write_id(o, "Date", ptn_oxcmail_out_date(o->pool, sec));

    } else if (o->depth == 0) {
        ptn_oxcmail_write_id(o, "Date",
                             ptn_oxcmail_out_date(o->pool, o->opts->date));
    }

    ptn_oxcmail_out_message_id(o, object);
    ptn_oxcmail_out_id_field(o, object, "In-Reply-To", PTN_PR_IN_REPLY_TO_ID);
    ptn_oxcmail_out_id_field(o, object, "References",
                             PTN_PR_INTERNET_REFERENCES);
    ptn_oxcmail_out_conversation(o, object);
    ptn_oxcmail_out_grades(o, object);
    ptn_oxcmail_out_receipts(o, object);
    ptn_oxcmail_out_time_field(o, object, "Expires", PTN_PR_EXPIRY_TIME);
    ptn_oxcmail_out_time_field(o, object, "Reply-By", PTN_PR_REPLY_TIME);
    ptn_oxcmail_out_suppress(o, object);
    ptn_oxcmail_out_id_field(o, object, "List-Help", PTN_PR_LIST_HELP);
    ptn_oxcmail_out_id_field(o, object, "List-Subscribe",
                             PTN_PR_LIST_SUBSCRIBE);
    ptn_oxcmail_out_id_field(o, object, "List-Unsubscribe",
                             PTN_PR_LIST_UNSUBSCRIBE);
    ptn_oxcmail_write_id(o, "MIME-Version", ptn_str("1.0"));
}
