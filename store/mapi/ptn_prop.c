#include "ptn_prop.h"


typedef struct {
    uint32_t     tag;
    const char  *name;
} ptn_prop_row_t;


/* In the order of ptn_prop.h, which is that of the tags: t/unit/mapi_prop.c */

static const ptn_prop_row_t  ptn_prop_rows[] = {
#define PTN_PROP_ROW(name, id, type)  { PTN_PR_##name, #name },
    PTN_PROPS(PTN_PROP_ROW)
#undef PTN_PROP_ROW
};


size_t
ptn_prop_size(uint32_t tag)
{
    switch (ptn_prop_type(tag)) {
#define PTN_PROP_SIZE(name, code, size)  case code: return size;
    PTN_PROP_TYPES(PTN_PROP_SIZE)
#undef PTN_PROP_SIZE
    }

    return 0;
}


bool
ptn_prop_int(uint32_t tag, ptn_str_t value, int64_t *ret_n)
{
    size_t    i;
    uint64_t  n;

    i = ptn_prop_size(tag);

    if (i == 0 || i > 8 || value.len != i) {
        return false;
    }

    for (n = 0; i > 0; i--) {
        n = n << 8 | value.data[i - 1];
    }

    switch (ptn_prop_type(tag)) {

    case PTN_PT_I2:
        *ret_n = (int16_t) n;
        break;

    case PTN_PT_LONG:
        *ret_n = (int32_t) n;
        break;

    default:
        *ret_n = (int64_t) n;
    }

    return true;
}


const char *
ptn_prop_name(uint32_t tag)
{
    size_t  lo, hi, mid;

    lo = 0;
    hi = sizeof(ptn_prop_rows) / sizeof(ptn_prop_rows[0]);

    while (lo < hi) {
        mid = (lo + hi) / 2;

        if (ptn_prop_rows[mid].tag == tag) {
            return ptn_prop_rows[mid].name;
        }

        if (ptn_prop_rows[mid].tag < tag) {
            lo = mid + 1;

        } else {
            hi = mid;
        }
    }

    /* the same id with another type; ids have one row each, but for a few */

    if (lo < sizeof(ptn_prop_rows) / sizeof(ptn_prop_rows[0])
        && ptn_prop_id(ptn_prop_rows[lo].tag) == ptn_prop_id(tag))
    {
        return ptn_prop_rows[lo].name;
    }

    if (lo != 0 && ptn_prop_id(ptn_prop_rows[lo - 1].tag) == ptn_prop_id(tag)) {
        return ptn_prop_rows[lo - 1].name;
    }

    return NULL;
}


const char *
ptn_prop_type_name(uint32_t tag)
{
    switch (ptn_prop_type(tag) & ~PTN_PT_MV) {
#define PTN_PROP_TYPE_NAME(name, code, size)  case code: return #name;
    PTN_PROP_TYPES(PTN_PROP_TYPE_NAME)
#undef PTN_PROP_TYPE_NAME
    }

    return NULL;
}


bool
ptn_prop_nth(size_t i, uint32_t *ret_tag, const char **ret_name)
{
    if (i >= sizeof(ptn_prop_rows) / sizeof(ptn_prop_rows[0])) {
        return false;
    }

    *ret_tag = ptn_prop_rows[i].tag;
    *ret_name = ptn_prop_rows[i].name;

    return true;
}
