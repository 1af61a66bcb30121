/*
 * The error list: every row is whole, in each protocol's own form.
 */

#include "ptn_test.h"


static bool
starts_with_one_of(const char *s, const char *const *list)
{
    for ( /* void */ ; *list != NULL; list++) {
        if (strncmp(s, *list, strlen(*list)) == 0) {
            return true;
        }
    }

    return false;
}


/* "250 2.0.0 text": RFC 5321 4.2, RFC 3463 2; the classes agree. */

static bool
smtp_form(const char *s)
{
    unsigned  code, cls, subject, detail;
    char      rest[2];

    return sscanf(s, "%3u %1u.%1u.%1u %1[A-Z]", &code, &cls, &subject,
                  &detail, rest) == 5
           && code / 100 == cls && (cls == 2 || cls == 4 || cls == 5)
           && strlen(s) < 80;
}


int
main(void)
{
    int               rc, other;
    const ptn_err_t  *e;

    static const char *const  imap[] = { "OK", "NO", "BAD", NULL };

    static const char *const  names[] = {
#define NAME(name, mapi, ews, imap, smtp, http)  #name,
        PTN_ERRORS(NAME)
#undef NAME
    };

    ok(PTN_OK == 0, "OK is zero");
    is_u64(ptn_nelts(names), PTN_RC_MAX, "one row a code");

    for (rc = 0; rc < PTN_RC_MAX; rc++) {
        e = ptn_err((ptn_rc_t) rc);

        ok(e != NULL && strcmp(e->name, names[rc]) == 0, "%s", names[rc]);
        ok((e->mapi == 0) == (rc == PTN_OK), "%s: MAPI 0x%08x", e->name,
           e->mapi);
        ok((strcmp(e->ews, "NoError") == 0) == (rc == PTN_OK)
           && (rc == PTN_OK || strncmp(e->ews, "Error", 5) == 0),
           "%s: EWS %s", e->name, e->ews);
        ok(starts_with_one_of(e->imap, imap)
           && (strncmp(e->imap, "OK", 2) == 0) == (rc == PTN_OK),
           "%s: IMAP %s", e->name, e->imap);
        ok((strchr(e->imap, '[') == NULL) == (strchr(e->imap, ']') == NULL),
           "%s: its brackets", e->name);
        ok(smtp_form(e->smtp) && (e->smtp[0] == '2') == (rc == PTN_OK),
           "%s: SMTP %s", e->name, e->smtp);
        ok((e->http == 200) == (rc == PTN_OK)
           && (rc == PTN_OK || (e->http >= 400 && e->http < 600)),
           "%s: HTTP %u", e->name, e->http);

        for (other = 0; other < rc; other++) {
            if (strcmp(names[other], names[rc]) == 0) {
                break;
            }
        }

        is_u64((uint64_t) other, (uint64_t) rc, "name stands once");
    }

    e = ptn_err(PTN_EINTERNAL);
    ok(ptn_err(PTN_RC_MAX) == e, "beyond the list: EINTERNAL");
    ok(ptn_err((ptn_rc_t) -1) == e, "before it too");
    ok(ptn_err((ptn_rc_t) 100000) == e, "far away too");

    return done_testing();
}
