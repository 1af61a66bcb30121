/*
 * What a table asks of many messages: a scan of their items in the order of
 * ids, in which they lie in the file, of the columns that are needed alone.
 * What lies between two of them is passed over, or jumped when it is much.
 *
 * A column's property may stand in the bag, too, and then that counts.  Items
 * say whether it does (PTN_ITEM_PLAIN); once one is met that does not, bags are
 * read.
 */

#include <stdio.h>
#include <stdlib.h>

#include "ptn_table.h"


#define PTN_SCAN_STEPS  10      /* are as much as one look-up */


#define PTN_SCAN_TEXT(name)  (1U << PTN_ITEM_##name)
#define PTN_SCAN_FROM        (PTN_SCAN_TEXT(FROM_NAME)                        \
                              |PTN_SCAN_TEXT(FROM_ADDR)|PTN_SCAN_BAG)
#define PTN_SCAN_TOPIC       (PTN_SCAN_TEXT(SUBJECT)|PTN_SCAN_BAG)

/* As ptn_item_props.c gets them. */

static const struct {
    uint32_t  tag;
    unsigned  needs;
} ptn_scan_table[] = {
    { PTN_PR_IMPORTANCE, PTN_SCAN_IMPORTANCE|PTN_SCAN_COLUMN },
    { PTN_PR_MESSAGE_CLASS, PTN_SCAN_TEXT(CLASS)|PTN_SCAN_COLUMN },
    { PTN_PR_PRIORITY, PTN_SCAN_IMPORTANCE|PTN_SCAN_BAG },
    { PTN_PR_READ_RECEIPT_REQUESTED, PTN_SCAN_BAG },
    { PTN_PR_SENSITIVITY, PTN_SCAN_BAG },
    { PTN_PR_SUBJECT, PTN_SCAN_TEXT(SUBJECT)|PTN_SCAN_COLUMN },
    { PTN_PR_CLIENT_SUBMIT_TIME, PTN_SCAN_SENT|PTN_SCAN_COLUMN },
    { PTN_PR_SUBJECT_PREFIX, PTN_SCAN_TOPIC },
    { PTN_PR_SENT_REPRESENTING_ENTRYID, PTN_SCAN_FROM },
    { PTN_PR_SENT_REPRESENTING_NAME,
      PTN_SCAN_TEXT(FROM_NAME)|PTN_SCAN_COLUMN },
    { PTN_PR_SENT_REPRESENTING_SMTP_ADDRESS,
      PTN_SCAN_TEXT(FROM_ADDR)|PTN_SCAN_COLUMN },
    { PTN_PR_SENT_REPRESENTING_SEARCH_KEY, PTN_SCAN_FROM },
    { PTN_PR_SENT_REPRESENTING_ADDRTYPE, PTN_SCAN_FROM },
    { PTN_PR_SENT_REPRESENTING_EMAIL, PTN_SCAN_FROM },
    { PTN_PR_SENDER_ENTRYID, PTN_SCAN_FROM },
    { PTN_PR_SENDER_NAME, PTN_SCAN_FROM },
    { PTN_PR_SENDER_SEARCH_KEY, PTN_SCAN_FROM },
    { PTN_PR_SENDER_ADDRTYPE, PTN_SCAN_FROM },
    { PTN_PR_SENDER_EMAIL, PTN_SCAN_FROM },
    { PTN_PR_SENDER_SMTP_ADDRESS, PTN_SCAN_FROM },
    { PTN_PR_CONVERSATION_TOPIC, PTN_SCAN_TOPIC },
    { PTN_PR_NORMALIZED_SUBJECT, PTN_SCAN_TOPIC },
    { PTN_PR_NON_RECEIPT_NOTIFICATION_REQUESTED, PTN_SCAN_BAG },
    { PTN_PR_DISPLAY_BCC, PTN_SCAN_BAG },
    { PTN_PR_DISPLAY_CC, PTN_SCAN_TEXT(CC)|PTN_SCAN_COLUMN },
    { PTN_PR_DISPLAY_TO, PTN_SCAN_TEXT(TO)|PTN_SCAN_COLUMN },
    { PTN_PR_MESSAGE_DELIVERY_TIME, 0 },
    { PTN_PR_MESSAGE_SIZE, 0 },
    { PTN_PR_MESSAGE_SIZE_EXTENDED, 0 },
    { PTN_PR_READ, 0 },
    { PTN_PR_INTERNET_ARTICLE_NUMBER, 0 },
    { PTN_PR_HASATTACH, PTN_SCAN_ATTACH },
    { PTN_PR_INTERNET_MESSAGE_ID, PTN_SCAN_TEXT(MESSAGE_ID)|PTN_SCAN_COLUMN },
    { PTN_PR_ICON_INDEX, PTN_SCAN_BAG },
    { PTN_PR_LAST_VERB_EXECUTED, PTN_SCAN_BAG },
    { PTN_PR_FLAG_STATUS, PTN_SCAN_BAG },
    { PTN_PR_CREATION_TIME, PTN_SCAN_BAG }
};


unsigned
ptn_scan_needs(uint32_t tag)
{
    size_t  i;

    for (i = 0; i < ptn_nelts(ptn_scan_table); i++) {
        if (ptn_scan_table[i].tag == tag) {
            return ptn_scan_table[i].needs;
        }
    }

    /* of the others those without a row are in the bag, or nowhere */

    return ptn_item_prop(tag) ? PTN_SCAN_ALL : PTN_SCAN_BAG;
}


/* ---- the statement ------------------------------------------------------ */

typedef struct {
    ptn_probe_t   *r;
    sqlite3_stmt  *st;
    unsigned       needs;
    bool           row;         /* st stands at the row of ... */
    bool           end;         /* there is none behind it */
    ptn_id_t       id;
} ptn_scan_t;


static ptn_rc_t
ptn_scan_prepare(ptn_scan_t *s)
{
    int          n, rc;
    char         sql[256];
    unsigned     i;
    ptn_mbox_t  *mb;

    static const char *const  columns[] = {
        "class", "subject", "from_name", "from_addr", "to_names", "cc_names",
        "message_id"
    };

    _Static_assert(ptn_nelts(columns) == PTN_ITEM_TEXTS, "a name each");

    sqlite3_finalize(s->st);
    s->st = NULL;
    s->row = false;

    n = snprintf(sql, sizeof(sql), "SELECT id, attach");

    for (i = 0; i < PTN_ITEM_TEXTS; i++) {
        if (s->needs & (1U << i)) {
            n += snprintf(sql + n, sizeof(sql) - (size_t) n, ", %s",
                          columns[i]);
        }
    }

    snprintf(sql + n, sizeof(sql) - (size_t) n, "%s%s%s"
             " FROM item WHERE id>=?1 ORDER BY id",
             (s->needs & PTN_SCAN_SENT) ? ", sent" : "",
             (s->needs & PTN_SCAN_IMPORTANCE) ? ", importance" : "",
             (s->needs & PTN_SCAN_BAG) ? ", derived, large, bag" : "");

    mb = s->r->mb;

    if (mb->db == NULL) {
        return PTN_EUNAVAIL;
    }

    rc = sqlite3_prepare_v2(mb->db, sql, -1, &s->st, NULL);

    return rc == SQLITE_OK ? PTN_OK : ptn_sql_rc(rc);
}


static ptn_rc_t
ptn_scan_step(ptn_scan_t *s)
{
    ptn_rc_t  rc;

    rc = ptn_sql_step(s->r->mb, s->st);
    s->row = (rc == PTN_AGAIN);

    if (s->row) {
        s->id = (ptn_id_t) sqlite3_column_int64(s->st, 0);
        return PTN_OK;
    }

    s->end = (rc == PTN_OK);

    return rc;
}


/* At the item of `id`, or the one behind it. */

static ptn_rc_t
ptn_scan_seek(ptn_scan_t *s, ptn_id_t id)
{
    ptn_rc_t  rc;
    unsigned  i;

    for (i = 0; s->row && s->id < id && i < PTN_SCAN_STEPS; i++) {
        rc = ptn_scan_step(s);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    if (s->end || (s->row && s->id >= id)) {
        return PTN_OK;
    }

    sqlite3_reset(s->st);
    sqlite3_bind_int64(s->st, 1, (sqlite3_int64) id);

    return ptn_scan_step(s);
}


/* ---- rows --------------------------------------------------------------- */

static ptn_str_t
ptn_scan_text(sqlite3_stmt *st, int i)
{
    const void  *p;

    p = sqlite3_column_text(st, i);

    return ptn_str_make(p, p ? (size_t) sqlite3_column_bytes(st, i) : 0);
}


static ptn_rc_t
ptn_scan_item(ptn_scan_t *s, const ptn_row_t *row)
{
    int            k;
    unsigned       i;
    ptn_item_t    *item;
    sqlite3_stmt  *st;

    st = s->st;
    item = &s->r->item;
    item->info.uid = row->uid;
    item->info.id = row->id;
    item->info.flags = row->flags;
    item->info.keywords = row->keywords;
    item->info.size = row->size;
    item->info.received = row->received;
    item->info.modseq = row->modseq;
    item->attach = (sqlite3_column_int(st, 1) & PTN_ITEM_ATTACH) != 0;
    k = 2;

    for (i = 0; i < PTN_ITEM_TEXTS; i++) {
        if (s->needs & (1U << i)) {
            item->text[i] = ptn_scan_text(st, k++);
        }
    }

    if (s->needs & PTN_SCAN_SENT) {
        item->dated = sqlite3_column_type(st, k) != SQLITE_NULL;
        item->sent = sqlite3_column_int64(st, k++);
    }

    if (s->needs & PTN_SCAN_IMPORTANCE) {
        item->importance = (uint8_t) sqlite3_column_int(st, k++);
    }

    if (s->needs & PTN_SCAN_BAG) {
        item->derived = (uint8_t) sqlite3_column_int(st, k);
        item->large = ptn_sql_column(st, k + 1);
        item->packed = ptn_sql_column(st, k + 2);

        return ptn_bag_open(item->packed, &item->bag);
    }

    return PTN_OK;
}


static ptn_rc_t
ptn_scan_row(ptn_scan_t *s, const ptn_row_t *row,
    ptn_rc_t (*each)(void *ctx, const ptn_row_t *row), void *ctx)
{
    ptn_rc_t  rc;

    rc = ptn_scan_seek(s, row->id);

    /* gone meanwhile: the next sync finds it gone, too */

    if (rc != PTN_OK || !s->row || s->id != row->id) {
        return rc;
    }

    if ((s->needs & (PTN_SCAN_COLUMN|PTN_SCAN_BAG)) == PTN_SCAN_COLUMN
        && !(sqlite3_column_int(s->st, 1) & PTN_ITEM_PLAIN))
    {
        s->needs |= PTN_SCAN_BAG;
        rc = ptn_scan_prepare(s);

        if (rc == PTN_OK) {
            rc = ptn_scan_seek(s, row->id);
        }
    }

    if (rc == PTN_OK) {
        rc = ptn_scan_item(s, row);
    }

    if (rc == PTN_OK) {
        rc = ptn_probe_item(s->r, row);
    }

    return rc == PTN_OK ? each(ctx, row) : rc;
}


static bool
ptn_scan_ascends(const ptn_base_t *base)
{
    uint32_t          i, k, n, run;
    ptn_id_t          last;
    const ptn_row_t  *row;

    n = ptn_base_count(base);

    for (i = 0, last = 0; i < n; i += run) {
        row = ptn_base_run(base, i, &run);

        for (k = 0; k < run; k++) {
            if (row[k].id < last) {
                return false;
            }

            last = row[k].id;
        }
    }

    return true;
}


static ptn_rc_t
ptn_scan_straight(ptn_scan_t *s, const ptn_base_t *base,
    ptn_rc_t (*each)(void *ctx, const ptn_row_t *row), void *ctx)
{
    ptn_rc_t          rc;
    uint32_t          i, k, n, run;
    const ptn_row_t  *row;

    n = ptn_base_count(base);
    rc = PTN_OK;

    for (i = 0; i < n && rc == PTN_OK; i += run) {
        row = ptn_base_run(base, i, &run);

        for (k = 0; k < run && rc == PTN_OK; k++) {
            rc = ptn_scan_row(s, row + k, each, ctx);
        }
    }

    return rc;
}


/* Messages that were moved here have ids from before. */

static ptn_rc_t
ptn_scan_sorted(ptn_scan_t *s, const ptn_base_t *base,
    ptn_rc_t (*each)(void *ctx, const ptn_row_t *row), void *ctx)
{
    u_char            *ids;
    uint32_t           i, b, n, run;
    ptn_rc_t           rc;
    ptn_radix_t       *order;
    const ptn_row_t   *row;

    n = ptn_base_count(base);
    ids = malloc(n * 8);
    order = malloc(n * sizeof(ptn_radix_t));
    rc = (ids != NULL && order != NULL) ? PTN_OK : PTN_ENOMEM;

    for (i = 0; i < n && rc == PTN_OK; i++) {
        row = ptn_base_run(base, i, &run);

        for (b = 0; b < 8; b++) {
            ids[i * 8 + b] = (u_char) (row->id >> (56 - 8 * b));
        }

        order[i].key = ids + i * 8;
        order[i].len = 8;
        order[i].i = i;
    }

    if (rc == PTN_OK) {
        rc = ptn_radix_sort(order, n);
    }

    for (i = 0; i < n && rc == PTN_OK; i++) {
        row = ptn_base_run(base, order[i].i, &run);
        rc = ptn_scan_row(s, row, each, ctx);
    }

    free(ids);
    free(order);

    return rc;
}


ptn_rc_t
ptn_scan_rows(ptn_probe_t *r, const ptn_base_t *base,
    ptn_rc_t (*row)(void *ctx, const ptn_row_t *row), void *ctx)
{
    ptn_rc_t    rc;
    ptn_scan_t  s;

    if (r->needs & PTN_SCAN_ALL) {
        return PTN_ESUPPORT;
    }

    memset(&s, 0, sizeof(s));
    memset(&r->item, 0, sizeof(ptn_item_t));
    s.r = r;
    s.needs = r->needs;
    rc = ptn_scan_prepare(&s);

    if (rc == PTN_OK) {
        rc = ptn_scan_ascends(base) ? ptn_scan_straight(&s, base, row, ctx)
                                    : ptn_scan_sorted(&s, base, row, ctx);
    }

    sqlite3_finalize(s.st);

    return rc;
}
