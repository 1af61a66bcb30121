/*
 * ics_sync.c: clients, their copies and states.
 */

#ifndef ICS_PARTS_H
#define ICS_PARTS_H


#include "mailbox_site.h"
#include "ptn_eid.h"
#include "ptn_item.h"


#define FOLDERS  3
#define CLIENTS  3
#define ROWS     600

typedef struct {
    ptn_id_t    mid;
    u_char      gid[PTN_GID_LEN];
    uint64_t    cn;
    bool        fai, seen;
    char        subject[24];
    u_char      pcl[400];           /* as downloaded, or uploaded */
    size_t      pcl_len;
} copy_t;

typedef struct {
    ptn_id_t  id, parent;
    char      name[40];
} fcopy_t;

typedef struct {
    ptn_str_t  sets[PTN_ICS_SETS];  /* malloc'd */
} text_t;

typedef struct {
    ptn_guid_t  guid;               /* of its changes */
    uint64_t    change;
    text_t      state[FOLDERS], tree;
    copy_t      rows[FOLDERS][ROWS];
    unsigned    n[FOLDERS];
    fcopy_t     folders[200];
    unsigned    nfolders;
    ptn_id_t    ids, ids_end;       /* given to it */
    ptn_guid_t  replguid;
} client_t;

typedef struct {
    site_t       site;
    ptn_mbox_t  *mb;
    uint64_t     random;
    unsigned     bad, serial;
    bool         anew;              /* all is told once more */
    unsigned     told, updates, deleted, reads, conflicts, imports, moves;
    unsigned     checkpoints, gone, older, partial, versions;
    client_t     c[CLIENTS];
    ptn_pool_t  *pool;
} test_t;

static const ptn_id_t  folders[FOLDERS] = {
    PTN_FOLDER_INBOX, PTN_FOLDER_SENT, PTN_FOLDER_ARCHIVE
};


static unsigned
roll(test_t *t, unsigned n)
{
    t->random = t->random * 6364136223846793005ULL + 1442695040888963407ULL;

    return (unsigned) (t->random >> 33) % n;
}


static bool
expect(test_t *t, bool good, const char *what)
{
    if (!good && t->bad++ < 20) {
        diag("wrong: %s", what);
    }

    return good;
}


/* ---- states as text ------------------------------------------------------ */

static void
text_get(test_t *t, text_t *text, ptn_ics_state_t *state)
{
    unsigned  i;

    memset(state, 0, sizeof(ptn_ics_state_t));

    for (i = 0; i < PTN_ICS_SETS; i++) {
        expect(t, ptn_ics_state_put(state, (ptn_ics_set_e) i, text->sets[i])
                  == PTN_OK, "a state is read");
    }
}


static void
text_put(test_t *t, text_t *text, const ptn_ics_state_t *state)
{
    unsigned   i;
    ptn_str_t  s;

    for (i = 0; i < PTN_ICS_SETS; i++) {
        expect(t, ptn_ics_state_get(state, (ptn_ics_set_e) i, t->pool, &s)
                  == PTN_OK, "a state is written");
        free(text->sets[i].data);
        text->sets[i].data = malloc(s.len + 1);
        memcpy(text->sets[i].data, s.data ? s.data : (u_char *) "", s.len);
        text->sets[i].len = s.len;
    }
}


static void
text_drop(text_t *text)
{
    unsigned  i;

    for (i = 0; i < PTN_ICS_SETS; i++) {
        free(text->sets[i].data);
        text->sets[i] = ptn_str_make(NULL, 0);
    }
}


/* ---- copies -------------------------------------------------------------- */

static copy_t *
find(client_t *c, unsigned f, ptn_id_t mid)
{
    unsigned  i;

    for (i = 0; i < c->n[f]; i++) {
        if (c->rows[f][i].mid == mid) {
            return &c->rows[f][i];
        }
    }

    return NULL;
}


static void
forget(client_t *c, unsigned f, copy_t *row)
{
    *row = c->rows[f][--c->n[f]];
}


static ptn_id_t
id_of(test_t *t, const ptn_idset_part_t *p, uint64_t n)
{
    uint16_t    replid;
    ptn_guid_t  guid;

    (void) guid;

    if (ptn_mbox_replid(t->mb, p->guid, &replid) != PTN_OK) {
        return 0;
    }

    ptn_mbox_replica(t->mb, n, &replid, &guid);

    return ptn_guid_eq(guid, p->guid) ? n : (uint64_t) p->replid << 48 | n;
}


#endif /* ICS_PARTS_H */
