/*
 * Organizer and attendees, attachments, alarms.
 */

#include <stdio.h>

#include "ptn_ical_in.h"


#define PTN_ICAL_BY_VALUE   1           /* MS-OXCMSG 2.2.2.9 */
#define PTN_ICAL_SENDABLE   1           /* MS-OXOCAL 2.2.4.10.1 */
#define PTN_ICAL_ORGANIZER  2
#define PTN_ICAL_NO_DELTA   0x5ae980e1  /* MS-OXORMDR 2.2.1.3: the default */

/* Tags of one person. */
typedef struct {
    uint32_t  name, type, email, smtp, eid, key;
} ptn_ical_who_t;

static const ptn_ical_who_t  ptn_ical_organizer = {
    PTN_PR_SENT_REPRESENTING_NAME, PTN_PR_SENT_REPRESENTING_ADDRTYPE,
    PTN_PR_SENT_REPRESENTING_EMAIL, PTN_PR_SENT_REPRESENTING_SMTP_ADDRESS,
    PTN_PR_SENT_REPRESENTING_ENTRYID, PTN_PR_SENT_REPRESENTING_SEARCH_KEY
};

static const ptn_ical_who_t  ptn_ical_sender = {
    PTN_PR_SENDER_NAME, PTN_PR_SENDER_ADDRTYPE, PTN_PR_SENDER_EMAIL,
    PTN_PR_SENDER_SMTP_ADDRESS, PTN_PR_SENDER_ENTRYID, PTN_PR_SENDER_SEARCH_KEY
};

static const ptn_ical_who_t  ptn_ical_recip = {
    PTN_PR_DISPLAY_NAME, PTN_PR_ADDRTYPE, PTN_PR_EMAIL_ADDRESS,
    PTN_PR_SMTP_ADDRESS, PTN_PR_ENTRYID, PTN_PR_SEARCH_KEY
};

/* MS-OXOCAL 2.2.4.10.2 */
static const struct {
    const char  *word;
    int          n;
} ptn_ical_partstats[] = {
    { "NEEDS-ACTION", 0 }, { "TENTATIVE", 2 }, { "ACCEPTED", 3 },
    { "DECLINED", 4 }, { "NEEDS-ACTION", 5 },
};


/* "mailto:a@b.c"; others stay as they are. */

static ptn_str_t
ptn_ical_mailto(ptn_str_t v, bool *ret_smtp)
{
    if (ptn_str_istarts(v, "mailto:")) {
        v = ptn_str_make(v.data + 7, v.len - 7);
        *ret_smtp = true;

    } else {
        *ret_smtp = v.len != 0 && memchr(v.data, '@', v.len) != NULL
                    && memchr(v.data, ':', v.len) == NULL;
    }

    while (v.len != 0 && (v.data[0] == ' ' || v.data[0] == '<')) {
        v = ptn_str_make(v.data + 1, v.len - 1);
    }

    while (v.len != 0 && (v.data[v.len - 1] == ' '
                          || v.data[v.len - 1] == '>'))
    {
        v.len--;
    }

    return v;
}


/* RFC 6868: ^n, ^^, ^'. */

static ptn_str_t
ptn_ical_uncaret(ptn_pool_t *pool, ptn_str_t s)
{
    size_t  i, n;

    if (s.len == 0 || memchr(s.data, '^', s.len) == NULL) {
        return s;
    }

    s = ptn_str_dup(pool, s);

    for (i = 0, n = 0; s.data != NULL && i < s.len; i++) {
        if (s.data[i] != '^' || i + 1 == s.len
            || strchr("nN^'", s.data[i + 1]) == NULL)
        {
            s.data[n++] = s.data[i];
            continue;
        }

        i++;
        s.data[n++] = s.data[i] == '^' ? '^' : s.data[i] == '\'' ? '"' : ' ';
    }

    s.len = n;

    return s;
}


static void
ptn_ical_person_in(ptn_ical_in_t *in, ptn_props_t *props,
    const ptn_ical_who_t *who, ptn_str_t name, ptn_str_t uri)
{
    bool       smtp;
    ptn_str_t  email, eid, key, type;

    email = ptn_ical_mailto(uri, &smtp);
    type = smtp ? ptn_str("SMTP") : ptn_str("URI");
    name = name.data != NULL && name.len != 0
           ? ptn_ical_uncaret(in->pool, name) : email;

    if (name.data == NULL) {
        in->rc = PTN_ENOMEM;
    }

    if (in->rc != PTN_OK) {
        return;
    }

    if (ptn_eid_one_off(in->pool, name, type, email, &eid) != PTN_OK
        || ptn_eid_search_key(in->pool, type, email, &key) != PTN_OK)
    {
        in->rc = PTN_ENOMEM;
        return;
    }

    ptn_ical_set(in, props, who->name, name);
    ptn_ical_set(in, props, who->type, type);
    ptn_ical_set(in, props, who->email, email);
    ptn_ical_set(in, props, who->eid, eid);
    ptn_ical_set(in, props, who->key, key);

    if (smtp) {
        ptn_ical_set(in, props, who->smtp, email);
    }
}


static ptn_recip_t *
ptn_ical_recip_add(ptn_ical_in_t *in, uint32_t type)
{
    ptn_recip_t  *r;

    r = &in->object->recips[in->object->nrecips];
    memset(r, 0, sizeof(*r));
    r->row = in->object->nrecips++;
    r->type = type;
    ptn_ical_set_int(in, &r->props, PTN_PR_RECIPIENT_TYPE, type);

    return r;
}


static void
ptn_ical_attendee_in(ptn_ical_in_t *in, const ptn_ical_prop_t *p,
    const ptn_ical_prop_t *organizer)
{
    size_t        i;
    uint32_t      type = PTN_RECIP_TO;
    ptn_str_t     v;
    ptn_recip_t  *r;

    v = ptn_ical_param(p, "ROLE");

    if (ptn_str_ieqz(v, "OPT-PARTICIPANT")
        || ptn_str_ieqz(v, "NON-PARTICIPANT"))
    {
        type = PTN_RECIP_CC;
    }

    v = ptn_ical_param(p, "CUTYPE");

    if (ptn_str_ieqz(v, "RESOURCE") || ptn_str_ieqz(v, "ROOM")) {
        type = PTN_RECIP_BCC;           /* what Outlook has resources in */
    }

    r = ptn_ical_recip_add(in, type);
    ptn_ical_person_in(in, &r->props, &ptn_ical_recip,
                       ptn_ical_param(p, "CN"), p->value);
    v = ptn_ical_param(p, "PARTSTAT");

    for (i = 0; i < ptn_nelts(ptn_ical_partstats); i++) {
        if (ptn_str_ieqz(v, ptn_ical_partstats[i].word)) {
            ptn_ical_set_int(in, &r->props, PTN_PR_RECIPIENT_TRACKSTATUS,
                             ptn_ical_partstats[i].n);
            break;
        }
    }

    ptn_ical_set_int(in, &r->props, PTN_PR_RECIPIENT_FLAGS, PTN_ICAL_SENDABLE
                     | (organizer != NULL
                        && ptn_str_ieq(organizer->value, p->value)
                        ? PTN_ICAL_ORGANIZER : 0));
}


void
ptn_ical_people_in(ptn_ical_in_t *in)
{
    bool                    reply;
    uint32_t                n = 1;
    ptn_str_t               sent_by;
    ptn_recip_t            *r;
    const ptn_ical_prop_t  *p, *organizer, *who;

    organizer = ptn_ical_prop(in->comp, "ORGANIZER");
    who = ptn_ical_prop(in->comp, "ATTENDEE");
    reply = (ptn_str_eqz(in->method, "REPLY")
             || ptn_str_eqz(in->method, "COUNTER")) && who != NULL;

    for (p = in->comp->props; p != NULL; p = p->next) {
        n += ptn_str_eqz(p->name, "ATTENDEE");
    }

    in->object->recips = ptn_parray(in->pool, n, sizeof(ptn_recip_t));

    if (in->object->recips == NULL) {
        in->rc = PTN_ENOMEM;
        return;
    }

    /* a reply is from the attendee, to the organizer (2.1.3.1.1.20.2) */

    p = reply ? who : organizer;

    if (p != NULL) {
        sent_by = ptn_ical_param(p, "SENT-BY");
        ptn_ical_person_in(in, &in->object->props, &ptn_ical_organizer,
                           ptn_ical_param(p, "CN"), p->value);
        ptn_ical_person_in(in, &in->object->props, &ptn_ical_sender,
                           sent_by.data ? (ptn_str_t) ptn_null_string
                                        : ptn_ical_param(p, "CN"),
                           sent_by.data ? sent_by : p->value);
    }

    if (reply) {
        if (organizer != NULL) {
            r = ptn_ical_recip_add(in, PTN_RECIP_TO);
            ptn_ical_person_in(in, &r->props, &ptn_ical_recip,
                               ptn_ical_param(organizer, "CN"),
                               organizer->value);
        }

        return;
    }

    for (p = in->comp->props; p != NULL && in->rc == PTN_OK; p = p->next) {
        if (ptn_str_eqz(p->name, "ATTENDEE")) {
            ptn_ical_attendee_in(in, p, organizer);
        }
    }
}


static void
ptn_ical_put_param(ptn_buf_t *b, const char *name, ptn_str_t v)
{
    bool    quote = false;
    size_t  i;

    for (i = 0; i < v.len; i++) {
        quote |= v.data[i] == ':' || v.data[i] == ';' || v.data[i] == ',';
    }

    ptn_buf_printf(b, ";%s=%s", name, quote ? "\"" : "");

    for (i = 0; i < v.len; i++) {
        if (v.data[i] == '"') {
            ptn_buf_z(b, "^'");

        } else if (v.data[i] == '^') {
            ptn_buf_z(b, "^^");

        } else if (v.data[i] >= ' ') {
            ptn_buf_byte(b, v.data[i]);
        }
    }

    ptn_buf_z(b, quote ? "\"" : "");
}


static void
ptn_ical_put_uri(ptn_buf_t *b, ptn_str_t email, bool smtp)
{
    size_t  i;

    ptn_buf_z(b, smtp ? "mailto:" : "");

    for (i = 0; i < email.len; i++) {
        if (email.data[i] > ' ') {
            ptn_buf_byte(b, email.data[i]);
        }
    }
}


/* NAME;CN=...:mailto:...  False: there is no such person. */

static bool
ptn_ical_person_out(const ptn_props_t *props, const ptn_ical_who_t *who,
    ptn_str_t *ret_name, ptn_str_t *ret_email, bool *ret_smtp)
{
    ptn_str_t  email, type;

    email = ptn_props_get(props, who->smtp);
    type = ptn_props_get(props, who->type);
    *ret_smtp = email.data != NULL;

    if (email.data == NULL) {
        email = ptn_props_get(props, who->email);
        *ret_smtp = ptn_str_ieqz(type, "SMTP");
    }

    if (email.data == NULL || email.len == 0) {
        return false;
    }

    *ret_email = email;
    *ret_name = ptn_props_get(props, who->name);

    if (ret_name->data != NULL && ptn_str_ieq(*ret_name, email)) {
        ret_name->data = NULL;
    }

    return true;
}


static void
ptn_ical_person_line(ptn_ical_out_t *out, const char *name, const char *params,
    ptn_str_t cn, ptn_str_t email, bool smtp, ptn_str_t sent_by)
{
    ptn_buf_t  b, by;

    ptn_buf_init(&b, out->pool);
    ptn_buf_z(&b, name);

    if (cn.data != NULL && cn.len != 0) {
        ptn_ical_put_param(&b, "CN", cn);
    }

    if (sent_by.data != NULL) {
        ptn_buf_init(&by, out->pool);
        ptn_ical_put_uri(&by, sent_by, true);
        ptn_ical_put_param(&b, "SENT-BY", ptn_buf_get(&by));
        out->rc = by.failed ? PTN_ENOMEM : out->rc;
    }

    ptn_buf_z(&b, params);
    ptn_buf_byte(&b, ':');
    ptn_ical_put_uri(&b, email, smtp);
    out->rc = b.failed ? PTN_ENOMEM : out->rc;
    ptn_ical_add(out, NULL, ptn_buf_get(&b));
}


static void
ptn_ical_attendee_out(ptn_ical_out_t *out, const ptn_recip_t *r)
{
    char        params[128];
    bool        smtp;
    size_t      i;
    int64_t     n;
    ptn_str_t   name, email;
    const char *stat = "";

    if (!ptn_ical_person_out(&r->props, &ptn_ical_recip, &name, &email, &smtp))
    {
        return;
    }

    if (ptn_props_int(&r->props, PTN_PR_RECIPIENT_TRACKSTATUS, &n)) {
        for (i = 0; i < ptn_nelts(ptn_ical_partstats); i++) {
            if (ptn_ical_partstats[i].n == n) {
                stat = ptn_ical_partstats[i].word;
            }
        }
    }

    snprintf(params, sizeof(params), "%s%s%s%s",
             r->type == PTN_RECIP_CC ? ";ROLE=OPT-PARTICIPANT"
             : r->type == PTN_RECIP_BCC
               ? ";CUTYPE=RESOURCE;ROLE=NON-PARTICIPANT"
               : ";ROLE=REQ-PARTICIPANT",
             stat[0] ? ";PARTSTAT=" : "", stat,
             stat[0] && strcmp(stat, "NEEDS-ACTION") ? "" : ";RSVP=TRUE");
    ptn_ical_person_line(out, "ATTENDEE", params, name, email, smtp,
                         (ptn_str_t) ptn_null_string);
}


void
ptn_ical_people_out(ptn_ical_out_t *out)
{
    bool               smtp, s2;
    uint32_t           i;
    ptn_str_t          name, email, by = ptn_null_string, cn, class;
    const char        *stat;
    const ptn_props_t *props = &out->object->props;

    if (!ptn_ical_person_out(props, &ptn_ical_organizer, &name, &email,
                             &smtp))
    {
        email.data = NULL;
    }

    if (ptn_ical_person_out(props, &ptn_ical_sender, &cn, &by, &s2)
        && (email.data == NULL || ptn_str_ieq(by, email) || !s2))
    {
        by.data = NULL;
    }

    class = ptn_props_get(props, PTN_PR_MESSAGE_CLASS);

    if (ptn_str_istarts(class, "IPM.Schedule.Meeting.Resp.")) {
        if (email.data != NULL) {
            stat = ptn_str_istarts(class, "IPM.Schedule.Meeting.Resp.Pos")
                   ? ";PARTSTAT=ACCEPTED"
                   : ptn_str_istarts(class, "IPM.Schedule.Meeting.Resp.Neg")
                   ? ";PARTSTAT=DECLINED" : ";PARTSTAT=TENTATIVE";
            ptn_ical_person_line(out, "ATTENDEE", stat, name, email, smtp, by);
        }

        if (out->object->nrecips != 0
            && ptn_ical_person_out(&out->object->recips[0].props,
                                   &ptn_ical_recip, &name, &email, &smtp))
        {
            ptn_ical_person_line(out, "ORGANIZER", "", name, email, smtp,
                                 (ptn_str_t) ptn_null_string);
        }

        return;
    }

    if (email.data != NULL && out->object->nrecips != 0) {
        ptn_ical_person_line(out, "ORGANIZER", "", name, email, smtp, by);
    }

    for (i = 0; i < out->object->nrecips && out->rc == PTN_OK; i++) {
        ptn_ical_attendee_out(out, &out->object->recips[i]);
    }
}


/* --- attachments ---------------------------------------------------------- */

static bool
ptn_ical_is_data(const ptn_ical_prop_t *p)
{
    return ptn_str_eqz(p->name, "ATTACH")
           && ptn_str_ieqz(ptn_ical_param(p, "ENCODING"), "BASE64");
}


void
ptn_ical_attach_in(ptn_ical_in_t *in)
{
    uint32_t                n = 0;
    ptn_str_t               data, name, type;
    ptn_attach_t           *a;
    const ptn_ical_prop_t  *p;

    for (p = in->comp->props; p != NULL; p = p->next) {
        n += ptn_ical_is_data(p);
    }

    if (n == 0 || in->rc != PTN_OK) {
        return;
    }

    in->object->attachs = ptn_pcalloc(in->pool, n * sizeof(*a));

    if (in->object->attachs == NULL) {
        in->rc = PTN_ENOMEM;
        return;
    }

    for (p = in->comp->props; p != NULL; p = p->next) {
        if (!ptn_ical_is_data(p)
            || ptn_base64_decode(in->pool, p->value, &data) != PTN_OK)
        {
            continue;                   /* the line is carried */
        }

        name = ptn_ical_param(p, "X-FILENAME");
        name = name.data ? name : ptn_ical_param(p, "FILENAME");
        type = ptn_ical_param(p, "FMTTYPE");

        a = &in->object->attachs[in->object->nattachs];
        a->num = in->object->nattachs++;
        a->part = PTN_PART_NONE;
        a->size = data.len;
        a->has_data = true;
        a->data = data;
        ptn_ical_set_int(in, &a->props, PTN_PR_ATTACH_METHOD,
                         PTN_ICAL_BY_VALUE);

        if (name.data != NULL) {
            ptn_ical_set(in, &a->props, PTN_PR_ATTACH_LONG_FILENAME, name);
        }

        if (type.data != NULL) {
            ptn_ical_set(in, &a->props, PTN_PR_ATTACH_MIME_TAG, type);
        }
    }
}


void
ptn_ical_attach_out(ptn_ical_out_t *out)
{
    int64_t              method;
    uint32_t             i;
    ptn_buf_t            b;
    ptn_str_t            v, data;
    const ptn_attach_t  *a;

    for (i = 0; i < out->object->nattachs && out->rc == PTN_OK; i++) {
        a = &out->object->attachs[i];

        if (a->embedded != NULL) {
            continue;
        }

        if (ptn_props_int(&a->props, PTN_PR_ATTACH_METHOD, &method)
            && method != PTN_ICAL_BY_VALUE)
        {
            continue;
        }

        if (!a->has_data) {
            out->rc = PTN_EINVAL;
            return;
        }

        ptn_buf_init(&b, out->pool);
        ptn_buf_z(&b, "ATTACH");
        v = ptn_props_get(&a->props, PTN_PR_ATTACH_MIME_TAG);

        if (v.data != NULL && v.len != 0) {
            ptn_ical_put_param(&b, "FMTTYPE", v);
        }

        ptn_buf_z(&b, ";ENCODING=BASE64;VALUE=BINARY");
        v = ptn_props_get(&a->props, PTN_PR_ATTACH_LONG_FILENAME);

        if (v.data != NULL && v.len != 0) {
            ptn_ical_put_param(&b, "X-FILENAME", v);
        }

        ptn_buf_byte(&b, ':');
        data = ptn_base64_encode(out->pool, a->data);
        ptn_buf_str(&b, data);
        out->rc = b.failed || data.data == NULL ? PTN_ENOMEM : out->rc;
        ptn_ical_add(out, NULL, ptn_buf_get(&b));
    }
}


/* --- alarms --------------------------------------------------------------- */

/* The first that shows something; 2.1.3.1.1.20.62. */

void
ptn_ical_alarm_in(ptn_ical_in_t *in)
{
    int64_t                 n, utc;
    ptn_str_t               related;
    ptn_ical_time_t         t;
    const ptn_ical_comp_t  *c;
    const ptn_ical_prop_t  *p, *action;

    for (c = in->comp->comps; c != NULL && in->has_start; c = c->next) {
        if (!ptn_str_eqz(c->name, "VALARM")) {
            continue;
        }

        p = ptn_ical_prop(c, "TRIGGER");
        action = ptn_ical_prop(c, "ACTION");

        if (p == NULL
            || (action != NULL && (ptn_str_ieqz(action->value, "EMAIL")
                                   || ptn_str_ieqz(action->value, "NONE"))))
        {
            continue;
        }

        related = ptn_ical_param(p, "RELATED");

        if (ptn_ical_duration(p->value, &n)) {
            utc = (ptn_str_ieqz(related, "END") ? in->end_utc : in->start_utc)
                  + n;

        } else if (ptn_ical_utc(in, p, &utc, &t)) {
            /* void: an instant */

        } else {
            continue;
        }

        n = (in->start_utc - utc) / 60;

        if (n > INT32_MAX || n < -INT32_MAX) {
            continue;
        }

        ptn_ical_set_named_int(in, PTN_ICAL_N_REMINDER_SET, 1);
        ptn_ical_set_named_int(in, PTN_ICAL_N_REMINDER_DELTA, n);
        ptn_ical_set_named_int(in, PTN_ICAL_N_REMINDER_TIME,
                               ptn_filetime(in->start_utc));
        ptn_ical_set_named_int(in, PTN_ICAL_N_REMINDER_SIGNAL,
                               ptn_filetime(utc));
        return;
    }
}


void
ptn_ical_alarm_out(ptn_ical_out_t *out)
{
    int64_t    set, delta;
    ptn_buf_t  b;

    if (!ptn_ical_get_named_int(out, PTN_ICAL_N_REMINDER_SET, &set) || !set) {
        return;
    }

    if (!ptn_ical_get_named_int(out, PTN_ICAL_N_REMINDER_DELTA, &delta)
        || delta == PTN_ICAL_NO_DELTA)
    {
        delta = 15;
    }

    ptn_ical_add(out, "~VALARM", ptn_str("BEGIN:VALARM"));
    ptn_ical_add(out, "~VALARM", ptn_str("ACTION:DISPLAY"));
    ptn_ical_add(out, "~VALARM", ptn_str("DESCRIPTION:Reminder"));
    ptn_buf_init(&b, out->pool);
    ptn_buf_z(&b, "TRIGGER:");
    ptn_ical_put_duration(&b, -delta * 60);
    ptn_ical_add(out, "~VALARM", ptn_buf_get(&b));
    ptn_ical_add(out, "~VALARM", ptn_str("END:VALARM"));
    out->rc = b.failed ? PTN_ENOMEM : out->rc;
}
