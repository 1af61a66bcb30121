/*
 * Wire structures of table ROPs (MS-OXCROPS 2.2.5).  RopAbort, RopGetStatus,
 * RopQueryPosition, RopCreateBookmark, RopQueryColumnsAll and RopResetTable
 * have requests of a head alone.
 */

#ifndef PTN_WIRE_ROP_TABL_H
#define PTN_WIRE_ROP_TABL_H


#include "ptn_wire_prop.h"


/* 2.2.5.1 RopSetColumns */

#define PTN_ROP_SET_COLUMNS_REQ(F, T)                                         \
    F(T, u8,   flags)                                                         \
    F(T, u16,  tag_count)                                                     \
    F(T, vec(T, u32, tag_count),  tags)
PTN_WIRE(ptn_rop_set_columns_req, PTN_ROP_SET_COLUMNS_REQ)


/* Response of 2.2.5.1 to 2.2.5.3, 2.2.5.5, 2.2.5.6 */

#define PTN_ROP_TABLE_STATUS_RES(F, T)                                        \
    F(T, u8,   table_status)    /* MS-OXCTABL 2.2.2.1.3 */
PTN_WIRE(ptn_rop_table_status_res, PTN_ROP_TABLE_STATUS_RES)


/* 2.2.5.2 RopSortTable; MS-OXCDATA 2.13.1 */

#define PTN_WIRE_SORT_ORDER(F, T)                                             \
    F(T, u16,  type)                                                          \
    F(T, u16,  id)                                                            \
    F(T, u8,   order)
PTN_WIRE(ptn_wire_sort_order, PTN_WIRE_SORT_ORDER)

#define PTN_ROP_SORT_TABLE_REQ(F, T)                                          \
    F(T, u8,   flags)                                                         \
    F(T, u16,  sort_count)                                                    \
    F(T, u16,  category_count)                                                \
    F(T, u16,  expanded_count)                                                \
    F(T, vec(T, sub(ptn_wire_sort_order), sort_count),  sorts)
PTN_WIRE(ptn_rop_sort_table_req, PTN_ROP_SORT_TABLE_REQ)


/* 2.2.5.3 RopRestrict */

#define PTN_ROP_RESTRICT_REQ(F, T)                                            \
    F(T, u8,     flags)                                                       \
    F(T, bin16,  restriction)
PTN_WIRE(ptn_rop_restrict_req, PTN_ROP_RESTRICT_REQ)


/* 2.2.5.4 RopQueryRows; the response's rows stand behind (ptn_wire_prop.h) */

#define PTN_ROP_QUERY_ROWS_REQ(F, T)                                          \
    F(T, u8,   flags)                                                         \
    F(T, u8,   forward_read)                                                  \
    F(T, u16,  row_count)
PTN_WIRE(ptn_rop_query_rows_req, PTN_ROP_QUERY_ROWS_REQ)

#define PTN_ROP_QUERY_ROWS_RES(F, T)                                          \
    F(T, u8,   origin)                                                        \
    F(T, u16,  row_count)                                                     \
    F(T, hook(ptn_str_t, ptn_wire_rows_hook),  rows)
PTN_WIRE(ptn_rop_query_rows_res, PTN_ROP_QUERY_ROWS_RES)


/* 2.2.5.7 RopQueryPosition */

#define PTN_ROP_QUERY_POSITION_RES(F, T)                                      \
    F(T, u32,  numerator)                                                     \
    F(T, u32,  denominator)
PTN_WIRE(ptn_rop_query_position_res, PTN_ROP_QUERY_POSITION_RES)


/* 2.2.5.8 RopSeekRow; row_count is signed */

#define PTN_ROP_SEEK_ROW_REQ(F, T)                                            \
    F(T, u8,   origin)                                                        \
    F(T, u32,  row_count)                                                     \
    F(T, u8,   want_row_moved_count)
PTN_WIRE(ptn_rop_seek_row_req, PTN_ROP_SEEK_ROW_REQ)

#define PTN_ROP_SEEK_ROW_RES(F, T)                                            \
    F(T, u8,   has_sought_less)                                               \
    F(T, u32,  rows_sought)
PTN_WIRE(ptn_rop_seek_row_res, PTN_ROP_SEEK_ROW_RES)


/* 2.2.5.9 RopSeekRowBookmark */

#define PTN_ROP_SEEK_ROW_BOOKMARK_REQ(F, T)                                   \
    F(T, bin16,  bookmark)                                                    \
    F(T, u32,    row_count)                                                   \
    F(T, u8,     want_row_moved_count)
PTN_WIRE(ptn_rop_seek_row_bookmark_req, PTN_ROP_SEEK_ROW_BOOKMARK_REQ)

#define PTN_ROP_SEEK_ROW_BOOKMARK_RES(F, T)                                   \
    F(T, u8,   row_no_longer_visible)                                         \
    F(T, u8,   has_sought_less)                                               \
    F(T, u32,  rows_sought)
PTN_WIRE(ptn_rop_seek_row_bookmark_res, PTN_ROP_SEEK_ROW_BOOKMARK_RES)


/* 2.2.5.10 RopSeekRowFractional */

#define PTN_ROP_SEEK_ROW_FRACTIONAL_REQ(F, T)                                 \
    F(T, u32,  numerator)                                                     \
    F(T, u32,  denominator)
PTN_WIRE(ptn_rop_seek_row_fractional_req, PTN_ROP_SEEK_ROW_FRACTIONAL_REQ)


/*
 * 2.2.5.11 RopCreateBookmark (response), 2.2.5.14 RopFreeBookmark (request),
 * 2.2.5.19 RopSetCollapseState (response)
 */

#define PTN_ROP_BOOKMARK(F, T)                                                \
    F(T, bin16,  bookmark)
PTN_WIRE(ptn_rop_bookmark, PTN_ROP_BOOKMARK)


/* 2.2.5.12 RopQueryColumnsAll (response), 2.2.8.5 RopGetPropertiesList */

#define PTN_ROP_GET_PROPERTIES_LIST_RES(F, T)                                 \
    F(T, u16,  tag_count)                                                     \
    F(T, vec(T, u32, tag_count),  tags)
PTN_WIRE(ptn_rop_get_properties_list_res, PTN_ROP_GET_PROPERTIES_LIST_RES)


/* 2.2.5.13 RopFindRow; the row stands behind the response */

#define PTN_ROP_FIND_ROW_REQ(F, T)                                            \
    F(T, u8,     flags)                                                       \
    F(T, bin16,  restriction)                                                 \
    F(T, u8,     origin)                                                      \
    F(T, bin16,  bookmark)
PTN_WIRE(ptn_rop_find_row_req, PTN_ROP_FIND_ROW_REQ)

#define PTN_ROP_FIND_ROW_RES(F, T)                                            \
    F(T, u8,   row_no_longer_visible)                                         \
    F(T, u8,   has_row_data)                                                  \
    F(T, hook(ptn_str_t, ptn_wire_rows_hook),  row)
PTN_WIRE(ptn_rop_find_row_res, PTN_ROP_FIND_ROW_RES)


/* 2.2.5.16 RopExpandRow; rows stand behind the response */

#define PTN_ROP_EXPAND_ROW_REQ(F, T)                                          \
    F(T, u16,  max_row_count)                                                 \
    F(T, u64,  category_id)
PTN_WIRE(ptn_rop_expand_row_req, PTN_ROP_EXPAND_ROW_REQ)

#define PTN_ROP_EXPAND_ROW_RES(F, T)                                          \
    F(T, u32,  expanded_row_count)                                            \
    F(T, u16,  row_count)
PTN_WIRE(ptn_rop_expand_row_res, PTN_ROP_EXPAND_ROW_RES)


/* 2.2.5.17 RopCollapseRow */

#define PTN_ROP_COLLAPSE_ROW_REQ(F, T)                                        \
    F(T, u64,  category_id)
PTN_WIRE(ptn_rop_collapse_row_req, PTN_ROP_COLLAPSE_ROW_REQ)

#define PTN_ROP_COLLAPSE_ROW_RES(F, T)                                        \
    F(T, u32,  collapsed_row_count)
PTN_WIRE(ptn_rop_collapse_row_res, PTN_ROP_COLLAPSE_ROW_RES)


/* 2.2.5.18 RopGetCollapseState */

#define PTN_ROP_GET_COLLAPSE_STATE_REQ(F, T)                                  \
    F(T, u64,  row_id)                                                        \
    F(T, u32,  row_instance)
PTN_WIRE(ptn_rop_get_collapse_state_req, PTN_ROP_GET_COLLAPSE_STATE_REQ)


/* 2.2.5.18 RopGetCollapseState (response), 2.2.5.19 RopSetCollapseState */

#define PTN_ROP_SET_COLLAPSE_STATE_REQ(F, T)                                  \
    F(T, bin16,  collapse_state)
PTN_WIRE(ptn_rop_set_collapse_state_req, PTN_ROP_SET_COLLAPSE_STATE_REQ)


#endif /* PTN_WIRE_ROP_TABL_H */
