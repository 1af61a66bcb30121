/*
 * One newest view of each folder, for all executors of the process.  Like
 * SQLite's list of open files this list is the process's own, under a lock.
 */

#include <pthread.h>
#include <stdlib.h>

#include "ptn_mailbox.h"


#define PTN_VIEW_LIST_HASH  1024

typedef struct ptn_view_entry_s  ptn_view_entry_t;

struct ptn_view_entry_s {
    ptn_view_entry_t  *next;
    ptn_guid_t         mailbox;
    uint64_t           dev, ino;        /* tests have several ROOTs */
    uint64_t           used;            /* ptn_time_mono() */
    ptn_view_t        *view;
};

static struct {
    pthread_mutex_t    lock;
    ptn_view_entry_t  *hash[PTN_VIEW_LIST_HASH];
} ptn_view_list = { PTHREAD_MUTEX_INITIALIZER, { NULL } };


static ptn_view_entry_t **
ptn_view_list_slot(const ptn_mbox_t *mb, ptn_id_t folder)
{
    uint64_t            h;
    ptn_view_entry_t  **link, *e;

    memcpy(&h, mb->guid.b, sizeof(h));
    h = (h ^ folder) * 0x9e3779b97f4a7c15ULL;

    link = &ptn_view_list.hash[(h >> 32) % PTN_VIEW_LIST_HASH];

    while ((e = *link) != NULL) {
        if (ptn_view_folder(e->view) == folder && e->ino == mb->ino
            && e->dev == mb->dev && ptn_guid_eq(e->mailbox, mb->guid))
        {
            break;
        }

        link = &e->next;
    }

    return link;
}


/* The newest one that was published, with a reference; or NULL. */

ptn_view_t *
ptn_view_list_get(const ptn_mbox_t *mb, ptn_id_t folder)
{
    ptn_view_t        *view;
    ptn_view_entry_t  *e;

    pthread_mutex_lock(&ptn_view_list.lock);

    view = NULL;
    e = *ptn_view_list_slot(mb, folder);

    if (e != NULL) {
        view = ptn_view_ref(e->view);
        e->used = ptn_time_mono();
    }

    pthread_mutex_unlock(&ptn_view_list.lock);

    return view;
}


void
ptn_view_list_put(const ptn_mbox_t *mb, ptn_view_t *view)
{
    ptn_view_t        *old;
    ptn_view_entry_t  *e, **link;

    old = NULL;

    pthread_mutex_lock(&ptn_view_list.lock);

    link = ptn_view_list_slot(mb, ptn_view_folder(view));
    e = *link;

    if (e == NULL) {
        e = calloc(1, sizeof(ptn_view_entry_t));

        if (e != NULL) {
            e->mailbox = mb->guid;
            e->dev = mb->dev;
            e->ino = mb->ino;
            e->view = ptn_view_ref(view);
            *link = e;
        }

    } else if (ptn_view_uidvalidity(e->view) != ptn_view_uidvalidity(view)
               || ptn_view_modseq(e->view) < ptn_view_modseq(view))
    {
        old = e->view;
        e->view = ptn_view_ref(view);
    }

    if (e != NULL) {
        e->used = ptn_time_mono();
    }

    pthread_mutex_unlock(&ptn_view_list.lock);

    ptn_view_unref(old);
}


/* Drops the views that no session holds and nobody asked for lately. */

void
ptn_view_list_shrink(uint64_t idle_ms)
{
    unsigned           i;
    uint64_t           now;
    ptn_view_entry_t  *e, **link;

    now = ptn_time_mono();

    pthread_mutex_lock(&ptn_view_list.lock);

    for (i = 0; i < PTN_VIEW_LIST_HASH; i++) {
        link = &ptn_view_list.hash[i];

        while ((e = *link) != NULL) {
            if (ptn_view_alone(e->view)
                && now - e->used >= idle_ms)
            {
                *link = e->next;
                ptn_view_unref(e->view);
                free(e);
                continue;
            }

            link = &e->next;
        }
    }

    pthread_mutex_unlock(&ptn_view_list.lock);
}
