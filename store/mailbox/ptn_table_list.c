/*
 * Vectors that tables of the process share: the newest one of each name, under
 * a lock, like the views they are made of.
 */

#include <pthread.h>
#include <stdlib.h>

#include "ptn_table.h"


#define PTN_VEC_LIST_HASH  512

/* Compared as bytes. */
typedef struct {
    ptn_guid_t  mailbox;
    uint64_t    dev, ino;           /* tests have several ROOTs */
    ptn_id_t    folder;
    ptn_sort_t  sorts[PTN_TABLE_SORTS_MAX];
    uint32_t    kind, nsorts, ncats, extreme, extreme_tag, instances;
    uint64_t    reader, generation; /* whose read state and rights it shows;
                                       0: what everybody sees */
    char        locale[32];
} ptn_vec_name_t;

typedef struct ptn_vec_entry_s  ptn_vec_entry_t;

struct ptn_vec_entry_s {
    ptn_vec_entry_t  *next;
    ptn_vec_name_t    name;
    u_char           *text;
    size_t            len;
    uint64_t          used;         /* ptn_time_mono() */
    ptn_vec_t        *vec;
};

static struct {
    pthread_mutex_t   lock;
    ptn_vec_entry_t  *hash[PTN_VEC_LIST_HASH];
} ptn_vec_list = { PTHREAD_MUTEX_INITIALIZER, { NULL } };


static void
ptn_vec_name(const ptn_mbox_t *mb, const ptn_spec_t *spec,
    ptn_vec_name_t *name)
{
    unsigned  i;

    memset(name, 0, sizeof(ptn_vec_name_t));
    name->mailbox = mb->guid;
    name->dev = mb->dev;
    name->ino = mb->ino;
    name->folder = spec->folder;
    name->kind = spec->kind;
    name->nsorts = spec->nsorts;
    name->ncats = spec->ncats;
    name->extreme = spec->extreme;
    name->extreme_tag = spec->extreme_tag;
    name->instances = spec->instances;

    for (i = 0; i < spec->nsorts; i++) {
        name->sorts[i].tag = spec->sorts[i].tag;
        name->sorts[i].descending = spec->sorts[i].descending;
    }

    if (!mb->acting.all || mb->kind == PTN_MBOX_PUBLIC) {
        name->reader = mb->acting.user;
        name->generation = 2 * mb->acting.generation + mb->acting.secrets;
    }

    strncpy(name->locale, mb->locale, sizeof(name->locale) - 1);
}


static ptn_vec_entry_t **
ptn_vec_list_slot(const ptn_vec_name_t *name, const ptn_spec_t *spec)
{
    size_t             i;
    uint64_t           h;
    const u_char      *p;
    ptn_vec_entry_t  **link, *e;

    p = (const u_char *) name;

    for (i = 0, h = 0xcbf29ce484222325ULL; i < sizeof(*name); i++) {
        h = (h ^ p[i]) * 0x100000001b3ULL;
    }

    link = &ptn_vec_list.hash[(h >> 32) % PTN_VEC_LIST_HASH];

    for ( ; (e = *link) != NULL; link = &e->next) {
        if (memcmp(&e->name, name, sizeof(*name)) == 0
            && ptn_str_eq(ptn_str_make(e->text, e->len), spec->text))
        {
            break;
        }
    }

    return link;
}


static bool
ptn_vec_valid(const ptn_vec_t *vec)
{
    return vec->base->view == NULL || ptn_view_valid(vec->base->view);
}


static bool
ptn_vec_fits(const ptn_vec_t *vec, const ptn_base_t *base, uint64_t modseq)
{
    if (!ptn_vec_valid(vec)) {
        return false;
    }

    if (base == NULL) {
        return vec->base->modseq == modseq;
    }

    return !base->mixed && vec->base->modseq == base->modseq
           && ptn_base_count(vec->base) == ptn_base_count(base)
           && (base->view == NULL
               || ptn_view_uidvalidity(base->view)
                  == ptn_view_uidvalidity(vec->base->view));
}


ptn_vec_t *
ptn_vec_list_get(const ptn_mbox_t *mb, const ptn_spec_t *spec,
    const ptn_base_t *base, uint64_t modseq)
{
    ptn_vec_t        *vec;
    ptn_vec_name_t    name;
    ptn_vec_entry_t  *e;

    /* what a batch shows before its commit is nobody else's */

    if (mb->batch && (base ? base->modseq : modseq) > mb->batch_cn) {
        return NULL;
    }

    ptn_vec_name(mb, spec, &name);
    pthread_mutex_lock(&ptn_vec_list.lock);

    vec = NULL;
    e = *ptn_vec_list_slot(&name, spec);

    if (e != NULL && ptn_vec_fits(e->vec, base, modseq)) {
        vec = ptn_vec_ref(e->vec);
        e->used = ptn_time_mono();
    }

    pthread_mutex_unlock(&ptn_vec_list.lock);

    return vec;
}


static ptn_vec_entry_t *
ptn_vec_list_new(const ptn_vec_name_t *name, const ptn_spec_t *spec)
{
    ptn_vec_entry_t  *e;

    e = calloc(1, sizeof(ptn_vec_entry_t) + spec->text.len);
    if (e == NULL) {
        return NULL;
    }

    e->name = *name;
    e->text = (u_char *) (e + 1);
    e->len = spec->text.len;

    if (e->len != 0) {
        memcpy(e->text, spec->text.data, e->len);
    }

    return e;
}


void
ptn_vec_list_put(const ptn_mbox_t *mb, const ptn_spec_t *spec, ptn_vec_t *vec)
{
    ptn_vec_t         *old;
    ptn_vec_name_t     name;
    ptn_vec_entry_t   *e, **link;

    /* what one may see of a search folder depends on the lists of others */

    if (vec->base->mixed || (spec->search && !mb->acting.all)
        || (mb->batch && vec->base->modseq > mb->batch_cn))
    {
        return;
    }

    old = NULL;
    ptn_vec_name(mb, spec, &name);
    pthread_mutex_lock(&ptn_vec_list.lock);

    link = ptn_vec_list_slot(&name, spec);
    e = *link;

    if (e == NULL) {
        e = *link = ptn_vec_list_new(&name, spec);

        if (e != NULL) {
            e->vec = ptn_vec_ref(vec);
        }

    } else if (!ptn_vec_valid(e->vec)
               || e->vec->base->modseq <= vec->base->modseq)
    {
        old = e->vec;
        e->vec = ptn_vec_ref(vec);
    }

    if (e != NULL) {
        e->used = ptn_time_mono();
    }

    pthread_mutex_unlock(&ptn_vec_list.lock);

    ptn_vec_unref(old);
}


void
ptn_vec_list_shrink(uint64_t idle_ms)
{
    unsigned           i;
    uint64_t           now;
    ptn_vec_entry_t   *e, **link;

    now = ptn_time_mono();
    pthread_mutex_lock(&ptn_vec_list.lock);

    for (i = 0; i < PTN_VEC_LIST_HASH; i++) {
        link = &ptn_vec_list.hash[i];

        while ((e = *link) != NULL) {
            if (ptn_vec_alone(e->vec) && now - e->used >= idle_ms) {
                *link = e->next;
                ptn_vec_unref(e->vec);
                free(e);
                continue;
            }

            link = &e->next;
        }
    }

    pthread_mutex_unlock(&ptn_vec_list.lock);
}
