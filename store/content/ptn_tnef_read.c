#include <stdlib.h>

#include "ptn_tnef_in.h"


/* An attachment as it comes. */
typedef struct {
    ptn_tnef_list_t  list;
    bool             ole;           /* attAttachRendData says so */
    bool             has_data;
    ptn_str_t        data;          /* attAttachData */
} ptn_tnef_part_t;

typedef struct {
    ptn_tnef_in_t     in;
    ptn_tnef_list_t   list;
    ptn_recip_t      *recips;
    ptn_tnef_part_t  *parts;
    uint32_t          nrecips, recips_size, nparts, parts_size;
    ptn_str_t         owner;        /* attOwner: whose, the class says */
} ptn_tnef_stream_t;

typedef ptn_rc_t (*ptn_tnef_read_pt)(ptn_tnef_stream_t *s,
    ptn_tnef_list_t *list, const ptn_tnef_attr_t *attr, ptn_str_t data);


static ptn_rc_t ptn_tnef_read_stream(ptn_tnef_stream_t *s, ptn_str_t bytes,
    uint32_t codepage, ptn_object_t **ret_object);


/* --- kinds ---------------------------------------------------------------- */

static ptn_rc_t
ptn_tnef_read_none(ptn_tnef_stream_t *s, ptn_tnef_list_t *list,
    const ptn_tnef_attr_t *attr, ptn_str_t data)
{
    (void) s;
    (void) list;
    (void) attr;
    (void) data;

    return PTN_OK;
}


static ptn_rc_t
ptn_tnef_read_string(ptn_tnef_stream_t *s, ptn_tnef_list_t *list,
    const ptn_tnef_attr_t *attr, ptn_str_t data)
{
    ptn_rc_t  rc;

    rc = ptn_tnef_text(s->in.pool, s->in.charset, data, &data);
    if (rc != PTN_OK) {
        return rc;
    }

    if (attr->kind == PTN_TNEF_CLASS) {
        data = ptn_tnef_class_new(data);
    }

    return ptn_tnef_list_add(&s->in, list, attr->tag, data, PTN_TNEF_MAPPED);
}


static ptn_rc_t
ptn_tnef_read_priority(ptn_tnef_stream_t *s, ptn_tnef_list_t *list,
    const ptn_tnef_attr_t *attr, ptn_str_t data)
{
    unsigned  n;

    n = data.len < 2 ? 0 : ptn_tnef_le16(data.data);

    if (n < 1 || n > 3) {
        return PTN_ETRUNC;
    }

    return ptn_tnef_list_int(&s->in, list, attr->tag, 3 - (int) n);
}


static ptn_rc_t
ptn_tnef_read_date(ptn_tnef_stream_t *s, ptn_tnef_list_t *list,
    const ptn_tnef_attr_t *attr, ptn_str_t data)
{
    int64_t  time;

    if (!ptn_tnef_date_get(data, &time)) {
        return PTN_ETRUNC;
    }

    return ptn_tnef_list_int(&s->in, list, attr->tag, time);
}


static ptn_rc_t
ptn_tnef_read_hex(ptn_tnef_stream_t *s, ptn_tnef_list_t *list,
    const ptn_tnef_attr_t *attr, ptn_str_t data)
{
    if (!ptn_tnef_hex_get(s->in.pool, data, &data)) {
        return PTN_ETRUNC;
    }

    return ptn_tnef_list_add(&s->in, list, attr->tag, data, PTN_TNEF_MAPPED);
}


static ptn_rc_t
ptn_tnef_read_status(ptn_tnef_stream_t *s, ptn_tnef_list_t *list,
    const ptn_tnef_attr_t *attr, ptn_str_t data)
{
    size_t    i;
    uint32_t  flags;

    if (data.len < 1) {
        return PTN_ETRUNC;
    }

    for (i = 0, flags = 0; i < ptn_tnef_nstatus; i++) {
        if (!(data.data[0] & ptn_tnef_status[i].old)
            == ptn_tnef_status[i].inverse)
        {
            flags |= ptn_tnef_status[i].flag;
        }
    }

    return ptn_tnef_list_int(&s->in, list, attr->tag, flags);
}


static ptn_rc_t
ptn_tnef_read_long(ptn_tnef_stream_t *s, ptn_tnef_list_t *list,
    const ptn_tnef_attr_t *attr, ptn_str_t data)
{
    if (data.len < 4) {
        return PTN_ETRUNC;
    }

    return ptn_tnef_list_int(&s->in, list, attr->tag,
                             (int32_t) ptn_le32(data.data));
}


static ptn_rc_t
ptn_tnef_read_bool(ptn_tnef_stream_t *s, ptn_tnef_list_t *list,
    const ptn_tnef_attr_t *attr, ptn_str_t data)
{
    if (data.len < 2) {
        return PTN_ETRUNC;
    }

    return ptn_tnef_list_int(&s->in, list, attr->tag,
                             ptn_tnef_le16(data.data) != 0);
}


static ptn_rc_t
ptn_tnef_read_binary(ptn_tnef_stream_t *s, ptn_tnef_list_t *list,
    const ptn_tnef_attr_t *attr, ptn_str_t data)
{
    return ptn_tnef_list_add(&s->in, list, attr->tag, data, PTN_TNEF_MAPPED);
}


/* Name and "type:address", NUL or not. */

static ptn_rc_t
ptn_tnef_add_who(ptn_tnef_stream_t *s, ptn_tnef_list_t *list,
    const ptn_tnef_who_t *who, ptn_str_t name, ptn_str_t address)
{
    ptn_rc_t       rc;
    ptn_str_t      type;
    const u_char  *colon;

    rc = ptn_tnef_text(s->in.pool, s->in.charset, name, &name);

    if (rc == PTN_OK) {
        rc = ptn_tnef_text(s->in.pool, s->in.charset, address, &address);
    }

    if (rc == PTN_OK) {
        rc = ptn_tnef_list_add(&s->in, list, who->name, name,
                               PTN_TNEF_MAPPED);
    }

    colon = address.len != 0 ? memchr(address.data, ':', address.len) : NULL;

    if (rc != PTN_OK || colon == NULL) {
        return rc;
    }

    type = ptn_str_make(address.data, (size_t) (colon - address.data));
    address.data += type.len + 1;
    address.len -= type.len + 1;

    rc = ptn_tnef_list_add(&s->in, list, who->type, type, PTN_TNEF_MAPPED);

    if (rc == PTN_OK) {
        rc = ptn_tnef_list_add(&s->in, list, who->address, address,
                               PTN_TNEF_MAPPED);
    }

    return rc;
}


/* "attFrom" of the MAPI reference: trpid, cbgrtrp, cch, cb, name, address. */

static ptn_rc_t
ptn_tnef_read_from(ptn_tnef_stream_t *s, ptn_tnef_list_t *list,
    const ptn_tnef_attr_t *attr, ptn_str_t data)
{
    size_t  name, address;

    if (data.len < 8 || ptn_tnef_le16(data.data) != PTN_TNEF_ONE_OFF) {
        return PTN_ETRUNC;
    }

    name = ptn_tnef_le16(data.data + 4);
    address = ptn_tnef_le16(data.data + 6);

    if (name + address > data.len - 8) {
        return PTN_ETRUNC;
    }

    return ptn_tnef_add_who(s, list, ptn_tnef_who(attr->tag),
                            ptn_str_make(data.data + 8, name),
                            ptn_str_make(data.data + 8 + name, address));
}


/* MS-OXTNEF 2.1.3.3.16 */

static ptn_rc_t
ptn_tnef_read_who(ptn_tnef_stream_t *s, ptn_tnef_list_t *list,
    const ptn_tnef_who_t *who, ptn_str_t data)
{
    int        i;
    size_t     len;
    ptn_str_t  part[2];

    for (i = 0; i < 2; i++) {
        if (data.len < 2) {
            return PTN_ETRUNC;
        }

        len = ptn_tnef_le16(data.data);
        data.data += 2;
        data.len -= 2;

        if (len > data.len) {
            return PTN_ETRUNC;
        }

        part[i] = ptn_str_make(data.data, len);
        data.data += len;
        data.len -= len;
    }

    return ptn_tnef_add_who(s, list, who, part[0], part[1]);
}


static ptn_rc_t
ptn_tnef_read_person(ptn_tnef_stream_t *s, ptn_tnef_list_t *list,
    const ptn_tnef_attr_t *attr, ptn_str_t data)
{
    return ptn_tnef_read_who(s, list, ptn_tnef_who(attr->tag), data);
}


static ptn_rc_t
ptn_tnef_read_owner(ptn_tnef_stream_t *s, ptn_tnef_list_t *list,
    const ptn_tnef_attr_t *attr, ptn_str_t data)
{
    (void) list;
    (void) attr;

    s->owner = data;

    return PTN_OK;
}


/*
 * attAttachRendData: u16 type, u32 position, u16 width, u16 height, u32 flags.
 * Type 1 is a file; 2 and 3 (a picture) are OLE.
 */

static ptn_rc_t
ptn_tnef_read_rendering(ptn_tnef_stream_t *s, ptn_tnef_list_t *list,
    const ptn_tnef_attr_t *attr, ptn_str_t data)
{
    ptn_rc_t  rc;
    unsigned  type;

    (void) attr;

    if (data.len < 14) {
        return PTN_ETRUNC;
    }

    rc = PTN_OK;
    type = ptn_tnef_le16(data.data);
    s->parts[s->nparts - 1].ole = type == 2 || type == 3;

    if (ptn_le32(data.data + 2) != UINT32_MAX) {
        rc = ptn_tnef_list_int(&s->in, list, PTN_PR_RENDERING_POSITION,
                               (int32_t) ptn_le32(data.data + 2));
    }

    if (rc == PTN_OK && (ptn_le32(data.data + 10) & PTN_TNEF_MACBINARY)) {
        rc = ptn_tnef_list_add(&s->in, list, PTN_PR_ATTACH_ENCODING,
                               ptn_tnef_macbinary, PTN_TNEF_MAPPED);
    }

    return rc;
}


static ptn_rc_t
ptn_tnef_read_data(ptn_tnef_stream_t *s, ptn_tnef_list_t *list,
    const ptn_tnef_attr_t *attr, ptn_str_t data)
{
    (void) list;
    (void) attr;

    s->parts[s->nparts - 1].data = data;
    s->parts[s->nparts - 1].has_data = true;

    return PTN_OK;
}


static ptn_rc_t
ptn_tnef_read_properties(ptn_tnef_stream_t *s, ptn_tnef_list_t *list,
    const ptn_tnef_attr_t *attr, ptn_str_t data)
{
    (void) attr;

    return ptn_tnef_list_pull(&s->in, &data, list);
}


/* A property that must be there: a full list loses its last one. */

static ptn_rc_t
ptn_tnef_set_int(ptn_tnef_stream_t *s, ptn_props_t *props, uint32_t tag,
    int64_t n)
{
    ptn_rc_t  rc;

    rc = ptn_props_set_int(props, s->in.pool, tag, n);

    if (rc == PTN_ELIMIT) {
        s->in.all->damaged = true;
        props->n--;
        rc = ptn_props_set_int(props, s->in.pool, tag, n);
    }

    return rc;
}


static ptn_rc_t
ptn_tnef_add_recip(ptn_tnef_stream_t *s, ptn_tnef_list_t *list)
{
    int64_t       n;
    ptn_rc_t      rc;
    ptn_recip_t  *r;

    r = ptn_tnef_room(s->in.pool, s->recips, s->nrecips, &s->recips_size,
                      sizeof(ptn_recip_t));
    if (r == NULL) {
        return PTN_ENOMEM;
    }

    s->recips = r;
    r += s->nrecips;

    rc = ptn_tnef_list_done(&s->in, list, &r->props);
    if (rc != PTN_OK) {
        return rc;
    }

    if (ptn_props_int(&r->props, PTN_PR_RECIPIENT_TYPE, &n)) {
        r->type = PTN_TNEF_RECIP_TYPE(n);

    } else {
        r->type = PTN_RECIP_TO;
        rc = ptn_tnef_set_int(s, &r->props, PTN_PR_RECIPIENT_TYPE, r->type);
    }

    r->row = ptn_props_int(&r->props, PTN_PR_ROWID, &n) ? (uint32_t) n
                                                        : s->nrecips;
    s->nrecips++;

    return rc;
}


static ptn_rc_t
ptn_tnef_read_recipients(ptn_tnef_stream_t *s, ptn_tnef_list_t *unused,
    const ptn_tnef_attr_t *attr, ptn_str_t data)
{
    uint32_t         n;
    ptn_rc_t         rc, pulled;
    ptn_tnef_list_t  list;

    (void) unused;
    (void) attr;

    if (data.len < 4) {
        return PTN_ETRUNC;
    }

    n = ptn_le32(data.data);
    data.data += 4;
    data.len -= 4;

    for (pulled = PTN_OK; n != 0 && pulled == PTN_OK; n--) {
        memset(&list, 0, sizeof(list));

        pulled = ptn_tnef_list_pull(&s->in, &data, &list);

        if (pulled != PTN_OK && (pulled != PTN_ETRUNC || list.n == 0)) {
            return pulled;
        }

        rc = ptn_tnef_add_recip(s, &list);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    return pulled;
}


static const ptn_tnef_read_pt  ptn_tnef_readers[PTN_TNEF_NKINDS] = {
    [PTN_TNEF_VERSION] = ptn_tnef_read_none,
    [PTN_TNEF_CODEPAGE] = ptn_tnef_read_none,       /* looked for before */
    [PTN_TNEF_CLASS] = ptn_tnef_read_string,
    [PTN_TNEF_STRING] = ptn_tnef_read_string,
    [PTN_TNEF_PRIORITY] = ptn_tnef_read_priority,
    [PTN_TNEF_DATE] = ptn_tnef_read_date,
    [PTN_TNEF_HEX] = ptn_tnef_read_hex,
    [PTN_TNEF_STATUS] = ptn_tnef_read_status,
    [PTN_TNEF_LONG] = ptn_tnef_read_long,
    [PTN_TNEF_BOOL] = ptn_tnef_read_bool,
    [PTN_TNEF_BINARY] = ptn_tnef_read_binary,
    [PTN_TNEF_FROM] = ptn_tnef_read_from,
    [PTN_TNEF_PERSON] = ptn_tnef_read_person,
    [PTN_TNEF_OWNER] = ptn_tnef_read_owner,
    [PTN_TNEF_RENDERING] = ptn_tnef_read_rendering,
    [PTN_TNEF_DATA] = ptn_tnef_read_data,
    [PTN_TNEF_RECIPIENTS] = ptn_tnef_read_recipients,
    [PTN_TNEF_PROPERTIES] = ptn_tnef_read_properties,
};


/* --- attributes ----------------------------------------------------------- */

typedef struct {
    unsigned   level;
    uint32_t   id;
    ptn_str_t  data;
    bool       whole, sum;      /* all of the data; the checksum is right */
} ptn_tnef_item_t;


/* False: no attribute begins here. */

static bool
ptn_tnef_next(ptn_str_t *rest, ptn_tnef_item_t *item)
{
    size_t  len;

    if (rest->len < PTN_TNEF_HEAD
        || (rest->data[0] != PTN_TNEF_MESSAGE
            && rest->data[0] != PTN_TNEF_ATTACHMENT))
    {
        return false;
    }

    item->level = rest->data[0];
    item->id = ptn_le32(rest->data + 1);
    len = ptn_le32(rest->data + 5);
    rest->data += PTN_TNEF_HEAD;
    rest->len -= PTN_TNEF_HEAD;

    item->whole = len <= rest->len;
    len = ptn_min(len, rest->len);
    item->data = ptn_str_make(rest->data, len);
    rest->data += len;
    rest->len -= len;

    item->sum = rest->len >= 2;

    if (item->sum) {
        item->sum = ptn_tnef_le16(rest->data) == ptn_tnef_sum(item->data);
    }

    len = ptn_min(rest->len, (size_t) 2);
    rest->data += len;
    rest->len -= len;

    return true;
}


static uint32_t
ptn_tnef_find_codepage(ptn_str_t rest, uint32_t codepage)
{
    size_t    len;
    uint32_t  id;

    while (rest.len >= PTN_TNEF_HEAD + 4
           && (rest.data[0] == PTN_TNEF_MESSAGE
               || rest.data[0] == PTN_TNEF_ATTACHMENT))
    {
        id = ptn_le32(rest.data + 1);
        len = ptn_le32(rest.data + 5);

        if (id == PTN_TNEF_ATT_CODEPAGE && len >= 4) {
            return ptn_le32(rest.data + PTN_TNEF_HEAD);
        }

        len = ptn_min(len + PTN_TNEF_HEAD + 2, rest.len);
        rest.data += len;
        rest.len -= len;
    }

    return codepage;
}


static ptn_rc_t
ptn_tnef_read_item(ptn_tnef_stream_t *s, const ptn_tnef_item_t *item)
{
    ptn_rc_t                rc;
    ptn_tnef_list_t        *list;
    ptn_tnef_part_t        *part;
    const ptn_tnef_attr_t  *attr;

    if (!item->whole || !item->sum) {
        s->in.all->damaged = true;
    }

    attr = ptn_tnef_attr(item->level, item->id);

    if (attr == NULL) {
        return PTN_OK;
    }

    list = &s->list;

    if (item->level == PTN_TNEF_ATTACHMENT) {

        /* also one that should have begun before */

        if (attr->kind == PTN_TNEF_RENDERING || s->nparts == 0) {
            part = ptn_tnef_room(s->in.pool, s->parts, s->nparts,
                                 &s->parts_size, sizeof(ptn_tnef_part_t));
            if (part == NULL) {
                return PTN_ENOMEM;
            }

            s->parts = part;
            memset(&part[s->nparts++], 0, sizeof(ptn_tnef_part_t));
        }

        list = &s->parts[s->nparts - 1].list;
    }

    if (!item->whole && attr->kind != PTN_TNEF_PROPERTIES
        && attr->kind != PTN_TNEF_RECIPIENTS)
    {
        return PTN_OK;
    }

    rc = ptn_tnef_readers[attr->kind](s, list, attr, item->data);

    if (rc == PTN_ETRUNC) {
        s->in.all->damaged = true;
        rc = PTN_OK;
    }

    return rc;
}


/* --- the object ----------------------------------------------------------- */

static ptn_rc_t
ptn_tnef_done_owner(ptn_tnef_stream_t *s)
{
    ptn_rc_t   rc;
    uint32_t   tag;
    ptn_str_t  class;

    if (s->owner.data == NULL) {
        return PTN_OK;
    }

    class = ptn_tnef_list_find(&s->list, ptn_prop_id(PTN_PR_MESSAGE_CLASS),
                               &tag);

    rc = ptn_tnef_read_who(s, &s->list, ptn_tnef_owner(class), s->owner);

    if (rc == PTN_ETRUNC) {
        s->in.all->damaged = true;
        rc = PTN_OK;
    }

    return rc;
}


/* A message in an attachment: `data` is what stands behind its IID. */

static ptn_rc_t
ptn_tnef_done_embedded(ptn_tnef_stream_t *s, ptn_attach_t *a)
{
    ptn_rc_t           rc;
    ptn_tnef_stream_t  inner;

    if (s->in.depth == PTN_OBJECT_NESTING_MAX) {
        s->in.all->damaged = true;
        return PTN_OK;
    }

    memset(&inner, 0, sizeof(inner));
    inner.in = s->in;
    inner.in.depth++;

    rc = ptn_tnef_read_stream(&inner, a->data, PTN_TNEF_INHERIT,
                              &a->embedded);

    if (rc == PTN_ECORRUPT) {
        s->in.all->damaged = true;
        return PTN_OK;
    }

    a->data = ptn_str_make(NULL, 0);

    return rc;
}


/* What stands in a list of its own, by IID. */

static ptn_rc_t
ptn_tnef_done_object(ptn_tnef_stream_t *s, ptn_attach_t *a, ptn_str_t value,
    int *method)
{
    a->data = ptn_str_make(value.data + sizeof(ptn_guid_t),
                           value.len - sizeof(ptn_guid_t));

    if (memcmp(value.data, ptn_tnef_iid_message.b, sizeof(ptn_guid_t)) != 0) {
        *method = PTN_TNEF_OLE;
        return PTN_OK;
    }

    *method = PTN_TNEF_EMBEDDED;

    return ptn_tnef_done_embedded(s, a);
}


static ptn_rc_t
ptn_tnef_done_attach(ptn_tnef_stream_t *s, ptn_tnef_part_t *part,
    ptn_attach_t *a)
{
    int        method;
    int64_t    n;
    uint16_t   id;
    uint32_t   tag;
    ptn_rc_t   rc;
    ptn_str_t  value;

    id = ptn_prop_id(PTN_PR_ATTACH_DATA_BIN);
    value = ptn_tnef_list_find(&part->list, id, &tag);
    ptn_tnef_list_drop(&part->list, id);

    rc = ptn_tnef_list_done(&s->in, &part->list, &a->props);
    if (rc != PTN_OK) {
        return rc;
    }

    a->part = PTN_PART_NONE;
    a->data = part->data;

    if (value.data != NULL && tag == PTN_PR_ATTACH_DATA_BIN) {
        a->data = value;
        part->has_data = true;
    }

    method = part->ole ? PTN_TNEF_OLE
                       : part->has_data ? PTN_TNEF_BY_VALUE : 0;

    if (value.data != NULL && tag == PTN_PR_ATTACH_DATA_OBJ) {
        rc = ptn_tnef_done_object(s, a, value, &method);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    a->has_data = true;
    a->size = a->data.len;

    if (!ptn_props_int(&a->props, PTN_PR_ATTACH_METHOD, &n)) {
        rc = ptn_tnef_set_int(s, &a->props, PTN_PR_ATTACH_METHOD, method);
    }

    return rc;
}


static int
ptn_tnef_num_cmp(const void *va, const void *vb)
{
    uint32_t  a, b;

    a = *(const uint32_t *) va;
    b = *(const uint32_t *) vb;

    return a < b ? -1 : a > b;
}


static ptn_rc_t
ptn_tnef_done_nums(ptn_tnef_stream_t *s, ptn_object_t *o)
{
    bool           good;
    int64_t        n;
    uint32_t       i, *nums;
    ptn_rc_t       rc;
    ptn_attach_t  *a;

    nums = ptn_parray(s->in.pool, o->nattachs, sizeof(uint32_t));
    if (nums == NULL) {
        return PTN_ENOMEM;
    }

    for (i = 0, good = true; i < o->nattachs; i++) {
        good = good && ptn_props_int(&o->attachs[i].props, PTN_PR_ATTACH_NUM,
                                     &n);
        nums[i] = good ? (uint32_t) n : 0;
        o->attachs[i].num = nums[i];
    }

    if (good && o->nattachs != 0) {
        qsort(nums, o->nattachs, sizeof(uint32_t), ptn_tnef_num_cmp);

        for (i = 1; i < o->nattachs; i++) {
            good = good && nums[i] != nums[i - 1];
        }
    }

    for (i = 0, rc = PTN_OK; !good && rc == PTN_OK && i < o->nattachs; i++) {
        a = &o->attachs[i];
        a->num = i;

        if (ptn_props_int(&a->props, PTN_PR_ATTACH_NUM, &n) && n != i) {
            rc = ptn_props_set_int(&a->props, s->in.pool, PTN_PR_ATTACH_NUM,
                                   i);
        }
    }

    return rc;
}


static ptn_rc_t
ptn_tnef_done(ptn_tnef_stream_t *s, ptn_object_t **ret_object)
{
    uint32_t       i;
    ptn_rc_t       rc;
    ptn_object_t  *o;

    o = ptn_pcalloc(s->in.pool, sizeof(ptn_object_t));
    if (o == NULL) {
        return PTN_ENOMEM;
    }

    rc = ptn_tnef_done_owner(s);

    if (rc == PTN_OK) {
        rc = ptn_tnef_list_done(&s->in, &s->list, &o->props);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    o->recips = s->recips;
    o->nrecips = s->nrecips;
    o->nattachs = s->nparts;

    o->attachs = ptn_pcalloc(s->in.pool, s->nparts * sizeof(ptn_attach_t));
    if (o->attachs == NULL) {
        return PTN_ENOMEM;
    }

    for (i = 0; i < s->nparts; i++) {
        rc = ptn_tnef_done_attach(s, &s->parts[i], &o->attachs[i]);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    *ret_object = o;

    return ptn_tnef_done_nums(s, o);
}


static ptn_rc_t
ptn_tnef_read_stream(ptn_tnef_stream_t *s, ptn_str_t bytes,
    uint32_t codepage, ptn_object_t **ret_object)
{
    ptn_rc_t         rc;
    ptn_tnef_item_t  item;

    if (bytes.len < PTN_TNEF_START
        || ptn_le32(bytes.data) != PTN_TNEF_SIGNATURE)
    {
        return PTN_ECORRUPT;
    }

    bytes.data += PTN_TNEF_START;
    bytes.len -= PTN_TNEF_START;

    /* within another stream its code page holds until told otherwise */

    codepage = ptn_tnef_find_codepage(bytes, codepage);

    if (codepage != PTN_TNEF_INHERIT) {
        s->in.charset = ptn_tnef_charset(s->in.pool, codepage);
    }

    while (ptn_tnef_next(&bytes, &item)) {
        rc = ptn_tnef_read_item(s, &item);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    if (bytes.len != 0) {
        s->in.all->damaged = true;
    }

    return ptn_tnef_done(s, ret_object);
}


ptn_rc_t
ptn_tnef_read(ptn_pool_t *pool, ptn_str_t bytes, ptn_tnef_t **ret_tnef)
{
    ptn_rc_t           rc;
    ptn_tnef_t        *tnef;
    ptn_tnef_all_t     all;
    ptn_tnef_stream_t  s;

    tnef = ptn_pcalloc(pool, sizeof(ptn_tnef_t));
    if (tnef == NULL) {
        return PTN_ENOMEM;
    }

    memset(&all, 0, sizeof(all));
    memset(&s, 0, sizeof(s));
    s.in.pool = pool;
    s.in.all = &all;

    rc = ptn_tnef_read_stream(&s, bytes, PTN_TNEF_OEM, &tnef->object);

    if (rc == PTN_OK && ptn_pool_failed(pool)) {
        rc = PTN_ENOMEM;
    }

    if (rc != PTN_OK) {
        return rc;
    }

    tnef->names = all.names;
    tnef->nnames = all.n;
    tnef->damaged = all.damaged;
    tnef->key = ptn_tnef_le16(bytes.data + 4);
    tnef->codepage = ptn_tnef_find_codepage(
        ptn_str_make(bytes.data + PTN_TNEF_START, bytes.len - PTN_TNEF_START),
        PTN_TNEF_OEM);

    *ret_tnef = tnef;

    return PTN_OK;
}
