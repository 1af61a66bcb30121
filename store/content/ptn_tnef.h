/*
 * store/content, TNEF to an object and back (MS-OXTNEF): "winmail.dat",
 * application/ms-tnef.  Pure functions; mail import does not call them yet.
 *
 * A stream is a signature, a key, and attributes {level, id, length, data,
 * checksum}: first those of the message, then for each attachment those from
 * its attAttachRendData on.  Old attributes stand for one property each, or a
 * few; attMsgProps, attRecipTable and attAttachment hold properties of any
 * kind.  Which attribute is which property: ptn_tnef_attr.c, docs/content.md.
 *
 * Named properties.  Ids from PTN_NAMED_FIRST on are those of this result:
 * names[id - PTN_NAMED_FIRST], the same list for the object and for all that is
 * embedded in it.  The ids that the sender had are forgotten.
 *
 * Strings.  STRING8 is read by the code page of the stream that it stands in,
 * and becomes UNICODE (UTF-8).  What is written is UNICODE, but for the old
 * attributes, which have the code page and '?' for what is not in it.
 */

#ifndef PTN_TNEF_H
#define PTN_TNEF_H


#include "ptn_object.h"


#define PTN_TNEF_SIGNATURE  0x223e9f78

typedef struct {
    ptn_object_t  *object;
    ptn_named_t   *names;
    uint32_t       nnames;
    uint32_t       codepage;    /* attOemCodepage; 437 when it says none */
    uint16_t       key;
    bool           damaged;     /* by read: see there */
} ptn_tnef_t;


/*
 * ECORRUPT: it does not begin with the signature.  ENOMEM.  Nothing else is an
 * error, as with every receiver there is: what cannot be read is left out and
 * `damaged` is set.
 *
 *   a wrong checksum              the attribute counts (senders get the sums
 *                                 of embedded messages wrong)
 *   an attribute cut by the end   its whole properties and recipients stay,
 *                                 data that is not whole does not
 *   a length or count too large,  what stood before it in that list; the next
 *   a type that TNEF has not      attribute goes on
 *   no level (1, 2) where an      the end
 *   attribute should begin
 *   more properties in a list,    those with the lowest ids, the first names
 *   or names, than there may be
 *
 * An encapsulated property wins over an attribute that is mapped to it, the
 * later one over the earlier, UNICODE over STRING8.
 *
 * Attachments: `num` is ATTACH_NUM where all of them have one and all are
 * different, else their place, and ATTACH_NUM says the same; `part` is PTN_PART_NONE; has_data is true.
 * ATTACH_METHOD, when it is not told: 5 with an object, 6 for OLE data, 1 with
 * data, 0 without.  IID_IMessage makes `embedded`; if that is no TNEF stream,
 * or nested deeper than PTN_OBJECT_NESTING_MAX, its bytes are the data.
 * IID_IStorage, IID_IStream and others make data (without the IID), `size` is
 * that of the data.  Elsewhere an OBJECT property's value is its IID and then
 * its bytes.
 *
 * Recipients: `row` is ROWID, or the place; `type` RECIPIENT_TYPE without its
 * flags, or To, which is then in the properties as well.
 * Entry ids and search keys are not made where only names and addresses came.
 * The sender's clock is not known where only an attDate attribute came: it is
 * taken for UTC.
 *
 * Time is linear in the length (times the nesting, for checksums).  Values
 * point into `bytes` where they can.
 */
ptn_rc_t ptn_tnef_read(ptn_pool_t *pool, ptn_str_t bytes,
    ptn_tnef_t **ret_tnef);

/*
 * The stream of an object; the same bytes for the same object.  Of *tnef
 * `damaged` is not looked at; key 0 stands for 1, codepage 0 for 1252.
 *
 * Everything is encapsulated, and what has an old attribute stands there too
 * (attOwner and the like for meeting messages only), in the order of
 * MS-OXTNEF 3.1 and 2.1.3: attributes of the message, recipients, attMsgProps,
 * then each attachment.  Nothing is left out: it is for the caller to take away
 * what shall not travel.
 *
 * Reading it back gives an equal object, but for: `part`; STRING8 is UNICODE;
 * malformed UTF-8 is U+FFFD; recipients have RECIPIENT_TYPE (and ROWID when
 * `row` is not their place), attachments ATTACH_METHOD (and ATTACH_NUM when
 * `num` is not theirs) among their properties; names stand in the order in
 * which they were met.
 *
 * EINVAL: an attachment without its data (has_data), a named id without a
 * name, a value that does not fit its type, an OBJECT value without an IID.
 * ESUPPORT: a type for which ptn_tnef_has_type() is false.  ETOOBIG: an
 * attribute of more than 2 GB, nesting above PTN_OBJECT_NESTING_MAX.
 */
ptn_rc_t ptn_tnef_write(ptn_pool_t *pool, const ptn_tnef_t *tnef,
    ptn_str_t *ret_bytes);

/* TNEF has no SVREID, RESTRICT, ACTIONS and no list of OBJECTs; such
 * properties belong to tables and rules. */
bool ptn_tnef_has_type(uint32_t tag);


#endif /* PTN_TNEF_H */
