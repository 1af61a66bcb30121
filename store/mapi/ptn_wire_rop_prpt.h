/*
 * Wire structures of property and stream ROPs (MS-OXCROPS 2.2.8, 2.2.9).
 * RopGetPropertiesList, RopCommitStream, RopGetStreamSize have requests of a
 * head alone, RopGetPropertiesSpecific a response of one row.
 */

#ifndef PTN_WIRE_ROP_PRPT_H
#define PTN_WIRE_ROP_PRPT_H


#include "ptn_wire_prop.h"


/* 2.2.8.1 RopGetPropertyIdsFromNames */

#define PTN_ROP_GET_PROPERTY_IDS_FROM_NAMES_REQ(F, T)                         \
    F(T, u8,   flags)                                                         \
    F(T, u16,  name_count)                                                    \
    F(T, vec(T, sub(ptn_wire_property_name), name_count),  names)
PTN_WIRE(ptn_rop_get_property_ids_from_names_req,
         PTN_ROP_GET_PROPERTY_IDS_FROM_NAMES_REQ)


/* 2.2.8.1 (response), 2.2.8.2 RopGetNamesFromPropertyIds (request) */

#define PTN_ROP_PROPERTY_IDS(F, T)                                            \
    F(T, u16,  id_count)                                                      \
    F(T, vec(T, u16, id_count),  ids)
PTN_WIRE(ptn_rop_property_ids, PTN_ROP_PROPERTY_IDS)


/* 2.2.8.2 (response) */

#define PTN_ROP_GET_NAMES_FROM_PROPERTY_IDS_RES(F, T)                         \
    F(T, u16,  name_count)                                                    \
    F(T, vec(T, sub(ptn_wire_property_name), name_count),  names)
PTN_WIRE(ptn_rop_get_names_from_property_ids_res,
         PTN_ROP_GET_NAMES_FROM_PROPERTY_IDS_RES)


/* 2.2.8.3 RopGetPropertiesSpecific */

#define PTN_ROP_GET_PROPERTIES_SPECIFIC_REQ(F, T)                             \
    F(T, u16,  size_limit)                                                    \
    F(T, u16,  want_unicode)                                                  \
    F(T, u16,  tag_count)                                                     \
    F(T, vec(T, u32, tag_count),  tags)
PTN_WIRE(ptn_rop_get_properties_specific_req,
         PTN_ROP_GET_PROPERTIES_SPECIFIC_REQ)


/* 2.2.8.3 (response) */

#define PTN_ROP_ROW_RES(F, T)                                                 \
    F(T, hook(ptn_str_t, ptn_wire_rows_hook),  row)
PTN_WIRE(ptn_rop_row_res, PTN_ROP_ROW_RES)


/* 2.2.8.4 RopGetPropertiesAll */

#define PTN_ROP_GET_PROPERTIES_ALL_REQ(F, T)                                  \
    F(T, u16,  size_limit)                                                    \
    F(T, u16,  want_unicode)
PTN_WIRE(ptn_rop_get_properties_all_req, PTN_ROP_GET_PROPERTIES_ALL_REQ)

#define PTN_ROP_GET_PROPERTIES_ALL_RES(F, T)                                  \
    F(T, u16,  count)                                                         \
    F(T, vec(T, sub(ptn_wire_tagged), count),  values)
PTN_WIRE(ptn_rop_get_properties_all_res, PTN_ROP_GET_PROPERTIES_ALL_RES)


/*
 * 2.2.8.6 RopSetProperties, 2.2.8.7 RopSetPropertiesNoReplicate; `values` is a
 * u16 count and as many TaggedPropertyValues
 */

#define PTN_ROP_SET_PROPERTIES_REQ(F, T)                                      \
    F(T, bin16,  values)
PTN_WIRE(ptn_rop_set_properties_req, PTN_ROP_SET_PROPERTIES_REQ)


/* 2.2.8.8 RopDeleteProperties, 2.2.8.9 RopDeletePropertiesNoReplicate */

#define PTN_ROP_DELETE_PROPERTIES_REQ(F, T)                                   \
    F(T, u16,  tag_count)                                                     \
    F(T, vec(T, u32, tag_count),  tags)
PTN_WIRE(ptn_rop_delete_properties_req, PTN_ROP_DELETE_PROPERTIES_REQ)


/* Response of 2.2.8.6 to 2.2.8.9, 2.2.8.11, 2.2.8.12 */

#define PTN_ROP_PROBLEMS_RES(F, T)                                            \
    F(T, u16,  count)                                                         \
    F(T, vec(T, sub(ptn_wire_property_problem), count),  problems)
PTN_WIRE(ptn_rop_problems_res, PTN_ROP_PROBLEMS_RES)


/* 2.2.8.10 RopQueryNamedProperties */

#define PTN_ROP_QUERY_NAMED_PROPERTIES_REQ(F, T)                              \
    F(T, u8,   flags)                                                         \
    F(T, u8,   has_guid)                                                      \
    F(T, when(T, has_guid, 0xff, guid),  set)
PTN_WIRE(ptn_rop_query_named_properties_req, PTN_ROP_QUERY_NAMED_PROPERTIES_REQ)

#define PTN_ROP_QUERY_NAMED_PROPERTIES_RES(F, T)                              \
    F(T, u16,  count)                                                         \
    F(T, vec(T, u16, count),  ids)                                            \
    F(T, vec(T, sub(ptn_wire_property_name), count),  names)
PTN_WIRE(ptn_rop_query_named_properties_res, PTN_ROP_QUERY_NAMED_PROPERTIES_RES)


/* 2.2.8.11 RopCopyProperties */

#define PTN_ROP_COPY_PROPERTIES_REQ(F, T)                                     \
    F(T, u8,   dest_handle)                                                   \
    F(T, u8,   want_asynchronous)                                             \
    F(T, u8,   copy_flags)                                                    \
    F(T, u16,  tag_count)                                                     \
    F(T, vec(T, u32, tag_count),  tags)
PTN_WIRE(ptn_rop_copy_properties_req, PTN_ROP_COPY_PROPERTIES_REQ)


/* 2.2.8.12 RopCopyTo */

#define PTN_ROP_COPY_TO_REQ(F, T)                                             \
    F(T, u8,   dest_handle)                                                   \
    F(T, u8,   want_asynchronous)                                             \
    F(T, u8,   want_subobjects)                                               \
    F(T, u8,   copy_flags)                                                    \
    F(T, u16,  tag_count)                                                     \
    F(T, vec(T, u32, tag_count),  tags)    /* not those */
PTN_WIRE(ptn_rop_copy_to_req, PTN_ROP_COPY_TO_REQ)


/* 2.2.8.11.3, 2.2.8.12.3: failed with ecDstNullObject (0x00000503) */

#define PTN_ROP_COPY_NULL_DESTINATION_RES(F, T)                               \
    F(T, u32,  dest_handle)
PTN_WIRE(ptn_rop_copy_null_destination_res, PTN_ROP_COPY_NULL_DESTINATION_RES)


/* 2.2.8.13 RopProgress */

#define PTN_ROP_PROGRESS_REQ(F, T)                                            \
    F(T, u8,   want_cancel)
PTN_WIRE(ptn_rop_progress_req, PTN_ROP_PROGRESS_REQ)

#define PTN_ROP_PROGRESS_RES(F, T)                                            \
    F(T, u8,   logon_id)                                                      \
    F(T, u32,  completed)                                                     \
    F(T, u32,  total)
PTN_WIRE(ptn_rop_progress_res, PTN_ROP_PROGRESS_RES)


/* 2.2.9.1 RopOpenStream */

#define PTN_ROP_OPEN_STREAM_REQ(F, T)                                         \
    F(T, u8,   out_handle)                                                    \
    F(T, u32,  tag)                                                           \
    F(T, u8,   open_flags)
PTN_WIRE(ptn_rop_open_stream_req, PTN_ROP_OPEN_STREAM_REQ)


/* 2.2.9.1 RopOpenStream, 2.2.9.6 RopGetStreamSize */

#define PTN_ROP_STREAM_SIZE_RES(F, T)                                         \
    F(T, u32,  stream_size)
PTN_WIRE(ptn_rop_stream_size_res, PTN_ROP_STREAM_SIZE_RES)


/* 2.2.9.2 RopReadStream */

#define PTN_ROP_READ_STREAM_REQ(F, T)                                         \
    F(T, u16,  byte_count)                                                    \
    F(T, is(T, byte_count, 0xbabe, u32),  max_byte_count)
PTN_WIRE(ptn_rop_read_stream_req, PTN_ROP_READ_STREAM_REQ)

#define PTN_ROP_READ_STREAM_RES(F, T)                                         \
    F(T, bin16,  data)
PTN_WIRE(ptn_rop_read_stream_res, PTN_ROP_READ_STREAM_RES)


/*
 * 2.2.9.3 RopWriteStream, 2.2.9.4 RopWriteStreamExtended, 2.2.9.12
 * RopWriteAndCommitStream
 */

#define PTN_ROP_WRITE_STREAM_REQ(F, T)                                        \
    F(T, bin16,  data)
PTN_WIRE(ptn_rop_write_stream_req, PTN_ROP_WRITE_STREAM_REQ)

#define PTN_ROP_WRITE_STREAM_RES(F, T)                                        \
    F(T, u16,  written)
PTN_WIRE(ptn_rop_write_stream_res, PTN_ROP_WRITE_STREAM_RES)

#define PTN_ROP_WRITE_STREAM_EXTENDED_RES(F, T)                               \
    F(T, u32,  written)
PTN_WIRE(ptn_rop_write_stream_extended_res, PTN_ROP_WRITE_STREAM_EXTENDED_RES)


/* 2.2.9.7 RopSetStreamSize */

#define PTN_ROP_SET_STREAM_SIZE_REQ(F, T)                                     \
    F(T, u64,  stream_size)
PTN_WIRE(ptn_rop_set_stream_size_req, PTN_ROP_SET_STREAM_SIZE_REQ)


/* 2.2.9.8 RopSeekStream */

#define PTN_ROP_SEEK_STREAM_REQ(F, T)                                         \
    F(T, u8,   origin)                                                        \
    F(T, u64,  offset)    /* signed */
PTN_WIRE(ptn_rop_seek_stream_req, PTN_ROP_SEEK_STREAM_REQ)

#define PTN_ROP_SEEK_STREAM_RES(F, T)                                         \
    F(T, u64,  position)
PTN_WIRE(ptn_rop_seek_stream_res, PTN_ROP_SEEK_STREAM_RES)


/* 2.2.9.9 RopCopyToStream; the second response is that of ecDstNullObject */

#define PTN_ROP_COPY_TO_STREAM_REQ(F, T)                                      \
    F(T, u8,   dest_handle)                                                   \
    F(T, u64,  byte_count)
PTN_WIRE(ptn_rop_copy_to_stream_req, PTN_ROP_COPY_TO_STREAM_REQ)

#define PTN_ROP_COPY_TO_STREAM_RES(F, T)                                      \
    F(T, u64,  read)                                                          \
    F(T, u64,  written)
PTN_WIRE(ptn_rop_copy_to_stream_res, PTN_ROP_COPY_TO_STREAM_RES)

#define PTN_ROP_COPY_TO_STREAM_NULL_RES(F, T)                                 \
    F(T, u32,  dest_handle)                                                   \
    F(T, u64,  read)                                                          \
    F(T, u64,  written)
PTN_WIRE(ptn_rop_copy_to_stream_null_res, PTN_ROP_COPY_TO_STREAM_NULL_RES)


/* 2.2.9.10 RopLockRegionStream, 2.2.9.11 RopUnlockRegionStream */

#define PTN_ROP_LOCK_REGION_STREAM_REQ(F, T)                                  \
    F(T, u64,  offset)                                                        \
    F(T, u64,  size)                                                          \
    F(T, u32,  lock_flags)
PTN_WIRE(ptn_rop_lock_region_stream_req, PTN_ROP_LOCK_REGION_STREAM_REQ)


/* 2.2.9.13 RopCloneStream */

#define PTN_ROP_CLONE_STREAM_REQ(F, T)                                        \
    F(T, u8,   out_handle)
PTN_WIRE(ptn_rop_clone_stream_req, PTN_ROP_CLONE_STREAM_REQ)


#endif /* PTN_WIRE_ROP_PRPT_H */
