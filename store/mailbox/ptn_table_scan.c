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


#define PTN_SCAN_STEPS  10      /* cost as much as a look-up */


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

/*
 * Rows are taken within the statement, by a function in its WHERE that says
 * whether to stop: a row that SQLite hands out costs as much as reading it.
 */
struct ptn_scan_s {
    ptn_probe_t       *r;
    sqlite3_stmt      *st;
    unsigned           needs;
    ptn_rc_t           rc;
    bool               bags;            /* stopped: they are to be read */
    unsigned           passed;          /* items since the last one */
    ptn_rc_t         (*each)(void *ctx, const ptn_row_t *row);
    void              *ctx;

    const ptn_base_t  *base;
    ptn_radix_t       *order;           /* of ids, or NULL: as they stand */
    uint32_t           i, n;            /* of the base's rows */
    const ptn_row_t   *row;             /* the one that is looked for */
    uint32_t           run;             /* how many stand behind it */
};


static void
ptn_scan_next(ptn_scan_t *s)
{
    s->i++;

    if (s->order == NULL && s->run > 1) {
        s->row++;
        s->run--;

    } else if (s->i < s->n) {
        s->row = ptn_base_run(s->base, s->order ? s->order[s->i].i : s->i,
                              &s->run);
    }
}


static ptn_rc_t
ptn_scan_prepare(ptn_scan_t *s)
{
    int          n, rc;
    char         sql[320];
    unsigned     i;
    ptn_mbox_t  *mb;

    static const char *const  columns[] = {
        "class", "subject", "from_name", "from_addr", "to_names", "cc_names",
        "message_id"
    };

    _Static_assert(ptn_nelts(columns) == PTN_ITEM_TEXTS, "a name each");

    sqlite3_finalize(s->st);
    s->st = NULL;
    mb = s->r->mb;

    if (mb->db == NULL) {
        return PTN_EUNAVAIL;
    }

    n = snprintf(sql, sizeof(sql),
                 "SELECT 1 FROM item WHERE id>=?1 AND ptn_scan(id, attach");

    for (i = 0; i < PTN_ITEM_TEXTS; i++) {
        if (s->needs & (1U << i)) {
            n += snprintf(sql + n, sizeof(sql) - (size_t) n, ", %s",
                          columns[i]);
        }
    }

    snprintf(sql + n, sizeof(sql) - (size_t) n, "%s%s%s) ORDER BY id",
             (s->needs & PTN_SCAN_SENT) ? ", sent" : "",
             (s->needs & PTN_SCAN_IMPORTANCE) ? ", importance" : "",
             (s->needs & PTN_SCAN_BAG) ? ", derived, large, bag" : "");

    rc = sqlite3_prepare_v2(mb->db, sql, -1, &s->st, NULL);

    return rc == SQLITE_OK ? PTN_OK : ptn_sql_rc(rc);
}


static ptn_str_t
ptn_scan_text(sqlite3_value *v)
{
    const void  *p;

    p = sqlite3_value_text(v);

    return ptn_str_make(p, p ? (size_t) sqlite3_value_bytes(v) : 0);
}


static ptn_str_t
ptn_scan_blob(sqlite3_value *v)
{
    const void  *p;

    p = sqlite3_value_blob(v);

    return ptn_str_make(p, p ? (size_t) sqlite3_value_bytes(v) : 0);
}


static ptn_rc_t
ptn_scan_item(ptn_scan_t *s, sqlite3_value **v)
{
    unsigned          i;
    ptn_item_t       *item;
    const ptn_row_t  *row;

    row = s->row;
    item = &s->r->item;
    item->info.uid = row->uid;
    item->info.id = row->id;
    item->info.flags = row->flags;
    item->info.keywords = row->keywords;
    item->info.size = row->size;
    item->info.received = row->received;
    item->info.modseq = row->modseq;
    item->attach = (sqlite3_value_int(v[1]) & PTN_ITEM_ATTACH) != 0;
    v += 2;

    for (i = 0; i < PTN_ITEM_TEXTS; i++) {
        if (s->needs & (1U << i)) {
            item->text[i] = ptn_scan_text(*v++);
        }
    }

    if (s->needs & PTN_SCAN_SENT) {
        item->dated = sqlite3_value_type(*v) != SQLITE_NULL;
        item->sent = sqlite3_value_int64(*v++);
    }

    if (s->needs & PTN_SCAN_IMPORTANCE) {
        item->importance = (uint8_t) sqlite3_value_int(*v++);
    }

    if (s->needs & PTN_SCAN_BAG) {
        item->derived = (uint8_t) sqlite3_value_int(v[0]);
        item->large = ptn_scan_blob(v[1]);
        item->packed = ptn_scan_blob(v[2]);

        return ptn_bag_open(item->packed, &item->bag);
    }

    return PTN_OK;
}


/* Takes an item; true: stop. */

static bool
ptn_scan_take(ptn_scan_t *s, sqlite3_value **v)
{
    ptn_id_t  id;

    id = (ptn_id_t) sqlite3_value_int64(v[0]);

    /* gone meanwhile: the next sync finds them gone, too */

    while (s->i < s->n && s->row->id < id) {
        ptn_scan_next(s);
    }

    if (s->i == s->n) {
        return true;
    }

    if (s->row->id != id) {
        return ++s->passed == PTN_SCAN_STEPS;
    }

    if ((s->needs & (PTN_SCAN_COLUMN|PTN_SCAN_BAG)) == PTN_SCAN_COLUMN
        && !(sqlite3_value_int(v[1]) & PTN_ITEM_PLAIN))
    {
        s->bags = true;
        return true;
    }

    s->passed = 0;
    s->rc = ptn_scan_item(s, v);

    if (s->rc == PTN_OK && !ptn_probe_columns(s->r)) {
        s->rc = ptn_probe_item(s->r, s->row);
    }

    if (s->rc == PTN_OK) {
        s->rc = s->each(s->ctx, s->row);
    }

    ptn_scan_next(s);

    return s->rc != PTN_OK;
}


static void
ptn_scan_call(sqlite3_context *ctx, int n PTN_UNUSED, sqlite3_value **v)
{
    ptn_mbox_t  *mb;

    mb = sqlite3_user_data(ctx);

    /* no statement but ours has it */

    sqlite3_result_int(ctx, mb->scan == NULL || ptn_scan_take(mb->scan, v));
}


ptn_rc_t
ptn_scan_register(ptn_mbox_t *mb)
{
    int  rc;

    rc = sqlite3_create_function_v2(mb->db, "ptn_scan", -1,
                                    SQLITE_UTF8|SQLITE_DIRECTONLY, mb,
                                    ptn_scan_call, NULL, NULL, NULL);

    return rc == SQLITE_OK ? PTN_OK : ptn_sql_rc(rc);
}


/* ---- rows --------------------------------------------------------------- */

static ptn_rc_t
ptn_scan_run(ptn_scan_t *s)
{
    ptn_rc_t  rc;

    rc = ptn_scan_prepare(s);

    while (rc == PTN_OK && s->i < s->n) {
        s->passed = 0;
        sqlite3_bind_int64(s->st, 1, (sqlite3_int64) s->row->id);
        rc = ptn_sql_step(s->r->mb, s->st);

        if (rc != PTN_AGAIN) {
            return s->rc != PTN_OK ? s->rc : rc;    /* no more items */
        }

        sqlite3_reset(s->st);
        rc = s->rc;

        if (s->bags) {
            s->bags = false;
            s->needs |= PTN_SCAN_BAG;
            rc = ptn_scan_prepare(s);
        }
    }

    return rc;
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


/* Messages that were moved here have ids from before. */

static ptn_rc_t
ptn_scan_order(ptn_scan_t *s)
{
    uint32_t  i, run;

    s->order = malloc(s->n * sizeof(ptn_radix_t));
    if (s->order == NULL) {
        return PTN_ENOMEM;
    }

    for (i = 0; i < s->n; i++) {
        s->order[i].lead = ptn_base_run(s->base, i, &run)->id;
        s->order[i].i = i;
    }

    return ptn_radix_sort(NULL, s->order, s->n);
}


ptn_rc_t
ptn_scan_rows(ptn_probe_t *r, const ptn_base_t *base,
    ptn_rc_t (*row)(void *ctx, const ptn_row_t *row), void *ctx)
{
    ptn_rc_t    rc;
    ptn_scan_t  s;

    memset(&s, 0, sizeof(s));
    memset(&r->item, 0, sizeof(ptn_item_t));
    s.r = r;
    s.needs = r->needs;
    s.base = base;
    s.n = ptn_base_count(base);
    s.each = row;
    s.ctx = ctx;

    if ((r->needs & PTN_SCAN_ALL) || r->mb->scan != NULL) {
        return PTN_ESUPPORT;
    }

    if (s.n == 0) {
        return PTN_OK;
    }

    rc = ptn_scan_ascends(base) ? PTN_OK : ptn_scan_order(&s);

    if (rc == PTN_OK) {
        s.row = ptn_base_run(base, s.order ? s.order[0].i : 0, &s.run);
        r->mb->scan = &s;
        rc = ptn_scan_run(&s);
        r->mb->scan = NULL;
    }

    sqlite3_finalize(s.st);
    free(s.order);

    return rc;
}
