#include "ptn_oxcmail_in.h"


#define PTN_MAPI_MAILUSER  6            /* MS-OXCPRPT 2.2.1.7 */


static ptn_str_t
ptn_oxcmail_email(ptn_pool_t *pool, const ptn_mime_addr_t *addr)
{
    u_char     *p;
    ptn_str_t   s;

    if (addr->domain.len == 0) {
        return ptn_oxcmail_clean(pool, ptn_mime_guess(pool, addr->local));
    }

    /* as it stands in most messages */

    if (addr->local.len != 0
        && addr->local.data + addr->local.len + 1 == addr->domain.data
        && addr->local.data[addr->local.len] == '@')
    {
        s = ptn_str_make(addr->local.data,
                         addr->local.len + 1 + addr->domain.len);

    } else {
        s.len = addr->local.len + 1 + addr->domain.len;
        s.data = p = ptn_palloc(pool, s.len);
        if (p == NULL) {
            return (ptn_str_t) ptn_null_string;
        }

        memcpy(p, addr->local.data ? addr->local.data : (u_char *) "",
               addr->local.len);
        p[addr->local.len] = '@';
        memcpy(p + addr->local.len + 1, addr->domain.data, addr->domain.len);
    }

    return ptn_oxcmail_clean(pool, ptn_mime_guess(pool, s));
}


/* A domain holds none of these, whatever a header said. */

static void
ptn_oxcmail_domain(ptn_pool_t *pool, ptn_mime_addr_t *addr)
{
    size_t     i, n;
    ptn_str_t  d;

    d = addr->domain;

    for (i = 0; i < d.len; i++) {
        if (ptn_oxcmail_domain_bad(d.data[i])) {
            break;
        }
    }

    if (i == d.len) {
        return;
    }

    d = ptn_str_dup(pool, d);

    for (i = 0, n = 0; d.data != NULL && i < d.len; i++) {
        if (!ptn_oxcmail_domain_bad(d.data[i])) {
            d.data[n++] = d.data[i];
        }
    }

    addr->domain = ptn_str_make(d.data, n);
}


void
ptn_oxcmail_people(ptn_oxcmail_in_t *in, ptn_oxcmail_people_t *people,
    ptn_str_t value)
{
    size_t                 i, n;
    uint32_t               size;
    ptn_mime_addr_t       *addrs;
    ptn_oxcmail_person_t  *p;

    if (in->rc != PTN_OK) {
        return;
    }

    in->rc = ptn_mime_addresses(in->pool, value, &addrs, &n);

    if (in->rc != PTN_OK || n == 0) {
        return;
    }

    if (people->n + n > people->size) {
        size = (uint32_t) ptn_max(people->n + n, 2 * people->size);

        p = ptn_parray(in->pool, size, sizeof(ptn_oxcmail_person_t));
        if (p == NULL) {
            in->rc = PTN_ENOMEM;
            return;
        }

        if (people->n != 0) {
            memcpy(p, people->p, people->n * sizeof(ptn_oxcmail_person_t));
        }

        people->p = p;
        people->size = size;
    }

    for (i = 0; i < n; i++) {
        if (addrs[i].group_start || addrs[i].group_end) {
            continue;
        }

        p = &people->p[people->n];
        ptn_oxcmail_domain(in->pool, &addrs[i]);
        p->email = ptn_oxcmail_email(in->pool, &addrs[i]);
        p->name = ptn_oxcmail_text(in->pool, addrs[i].name);

        if (p->email.len > PTN_OXCMAIL_LINE_HARD) {
            p->email.len = 0;           /* nobody's: RFC 5321 4.5.3.1.3 */
        }

        people->n += p->email.len != 0 || p->name.len != 0;
    }
}


static ptn_str_t
ptn_oxcmail_display(const ptn_oxcmail_person_t *person)
{
    return person->name.len ? person->name : person->email;
}


void
ptn_oxcmail_put_person(ptn_oxcmail_in_t *in, ptn_props_t *props,
    const ptn_oxcmail_who_t *who, const ptn_oxcmail_person_t *person)
{
    ptn_str_t  eid, key, name;

    name = ptn_oxcmail_display(person);

    if (in->rc == PTN_OK) {
        in->rc = ptn_eid_one_off(in->pool, name, ptn_str("SMTP"),
                                 person->email, &eid);
    }

    if (in->rc == PTN_OK && who->search_key != 0) {
        in->rc = ptn_eid_search_key(in->pool, ptn_str("SMTP"), person->email,
                                    &key);
    }

    if (in->rc != PTN_OK) {
        return;
    }

    ptn_oxcmail_put(in, props, who->name, name);
    ptn_oxcmail_put(in, props, who->addrtype, ptn_str("SMTP"));
    ptn_oxcmail_put(in, props, who->email, person->email);
    ptn_oxcmail_put(in, props, who->smtp, person->email);
    ptn_oxcmail_put(in, props, who->entryid, eid);

    if (who->search_key != 0) {
        ptn_oxcmail_put(in, props, who->search_key, key);
    }
}


/* MS-OXOMSG 2.2.1.43, 2.2.1.44; FlatEntryList: MS-OXCDATA 2.3.3. */

void
ptn_oxcmail_put_reply_to(ptn_oxcmail_in_t *in,
    const ptn_oxcmail_people_t *people)
{
    u_char     head[8], len[4];
    uint32_t   i;
    ptn_buf_t  names, eids;
    ptn_str_t  eid, name;

    if (people->n == 0) {
        return;
    }

    ptn_buf_init(&names, in->pool);
    ptn_buf_init(&eids, in->pool);
    ptn_buf_add(&eids, "\0\0\0\0\0\0\0", 8);

    for (i = 0; in->rc == PTN_OK && i < people->n; i++) {
        name = ptn_oxcmail_display(&people->p[i]);

        if (i != 0) {
            ptn_buf_z(&names, ";");
        }

        ptn_buf_str(&names, name);

        in->rc = ptn_eid_one_off(in->pool, name, ptn_str("SMTP"),
                                 people->p[i].email, &eid);
        if (in->rc != PTN_OK) {
            return;
        }

        /* each entry begins at a multiple of four */

        while (eids.len % 4 != 0) {
            ptn_buf_byte(&eids, 0);
        }

        ptn_put_le32(len, (uint32_t) eid.len);
        ptn_buf_add(&eids, len, 4);
        ptn_buf_str(&eids, eid);
    }

    if (names.failed || eids.failed) {
        in->rc = PTN_ENOMEM;
        return;
    }

    ptn_put_le32(head, people->n);
    ptn_put_le32(head + 4, (uint32_t) (eids.len - 8));
    memcpy(eids.data, head, 8);

    ptn_oxcmail_put(in, &in->object->props, PTN_PR_REPLY_RECIPIENT_NAMES,
                    ptn_buf_get(&names));
    ptn_oxcmail_put(in, &in->object->props, PTN_PR_REPLY_RECIPIENT_ENTRIES,
                    ptn_buf_get(&eids));
}


void
ptn_oxcmail_put_display(ptn_oxcmail_in_t *in, uint32_t tag,
    const ptn_oxcmail_people_t *people)
{
    uint32_t   i;
    ptn_buf_t  names;

    if (people->n == 1) {
        ptn_oxcmail_put(in, &in->object->props, tag,
                        ptn_oxcmail_display(&people->p[0]));
        return;
    }

    ptn_buf_init(&names, in->pool);

    for (i = 0; i < people->n; i++) {
        if (i != 0) {
            ptn_buf_z(&names, "; ");
        }

        ptn_buf_str(&names, ptn_oxcmail_display(&people->p[i]));
    }

    if (names.failed) {
        in->rc = PTN_ENOMEM;
        return;
    }

    ptn_oxcmail_put(in, &in->object->props, tag, ptn_buf_get(&names));
}


static const ptn_oxcmail_who_t  ptn_oxcmail_recip = {
    PTN_PR_DISPLAY_NAME, PTN_PR_ADDRTYPE, PTN_PR_EMAIL_ADDRESS,
    PTN_PR_SMTP_ADDRESS, PTN_PR_ENTRYID, PTN_PR_SEARCH_KEY
};


void
ptn_oxcmail_put_recips(ptn_oxcmail_in_t *in,
    const ptn_oxcmail_people_t *people, uint32_t type)
{
    uint32_t       i;
    ptn_recip_t   *recip;
    ptn_object_t  *o;

    o = in->object;

    for (i = 0; in->rc == PTN_OK && i < people->n; i++) {
        recip = &o->recips[o->nrecips];
        memset(recip, 0, sizeof(ptn_recip_t));
        recip->row = o->nrecips++;
        recip->type = type;

        recip->props.p = ptn_parray(in->pool, 12, sizeof(ptn_bag_prop_t));
        recip->props.size = recip->props.p ? 12 : 0;

        ptn_oxcmail_put_int(in, &recip->props, PTN_PR_RECIPIENT_TYPE, type);
        ptn_oxcmail_put_int(in, &recip->props, PTN_PR_OBJECT_TYPE,
                            PTN_MAPI_MAILUSER);
        ptn_oxcmail_put_int(in, &recip->props, PTN_PR_DISPLAY_TYPE, 0);
        ptn_oxcmail_put_person(in, &recip->props, &ptn_oxcmail_recip,
                               &people->p[i]);
    }
}
