#include "ptn_tnef_in.h"


/*
 * MS-OXTNEF 2.1.3.3; where it leaves the property open, "Mapping of TNEF
 * Attributes to MAPI Properties" of the MAPI reference.  attPriority is
 * importance: MS-OXPROPS names MS-OXTNEF for PidTagImportance, not for
 * PidTagPriority.
 *
 * The order is that in which they are written: the example in 3.1, then what is
 * not in it; 2.1.3: attMsgProps and attAttachment are the last.
 */
const ptn_tnef_attr_t  ptn_tnef_attrs[] = {
#define M  PTN_TNEF_MESSAGE
#define A  PTN_TNEF_ATTACHMENT
#define P(name)  PTN_PR_##name
#define ALL      PTN_TNEF_ALWAYS
#define MTG      PTN_TNEF_MEETING
#define OLD      PTN_TNEF_NEVER

    /* attTnefVersion, attOemCodepage */
    { 0x00089006, M, PTN_TNEF_VERSION,    0,                           ALL },
    { 0x00069007, M, PTN_TNEF_CODEPAGE,   0,                           ALL },
    /* attMessageClass, attPriority, attSubject */
    { 0x00078008, M, PTN_TNEF_CLASS,      P(MESSAGE_CLASS),            ALL },
    { 0x0004800d, M, PTN_TNEF_PRIORITY,   P(IMPORTANCE),               ALL },
    { 0x00018004, M, PTN_TNEF_STRING,     P(SUBJECT),                  ALL },
    /* attDateSent, attDateRecd, attDateModified */
    { 0x00038005, M, PTN_TNEF_DATE,       P(CLIENT_SUBMIT_TIME),       ALL },
    { 0x00038006, M, PTN_TNEF_DATE,       P(MESSAGE_DELIVERY_TIME),    ALL },
    { 0x00038020, M, PTN_TNEF_DATE,       P(LAST_MODIFICATION_TIME),   ALL },
    /* attMessageID, attParentID, attConversationID */
    { 0x00018009, M, PTN_TNEF_HEX,        P(SEARCH_KEY),               ALL },
    { 0x0001800a, M, PTN_TNEF_HEX,        P(PARENT_KEY),               ALL },
    { 0x0001800b, M, PTN_TNEF_HEX,        PTN_TNEF_CONVERSATION_KEY,   ALL },
    /* attFrom, attMessageStatus, attOriginalMessageClass, attBody */
    { 0x00008000, M, PTN_TNEF_FROM,       P(SENDER_NAME),              ALL },
    { 0x00068007, M, PTN_TNEF_STATUS,     P(MESSAGE_FLAGS),            ALL },
    { 0x00070006, M, PTN_TNEF_CLASS,      P(ORIG_MESSAGE_CLASS),       ALL },
    { 0x0002800c, M, PTN_TNEF_STRING,     P(BODY),                     OLD },
    /* attOwner, attSentFor, attDelegate */
    { 0x00060000, M, PTN_TNEF_OWNER,      0,                           MTG },
    { 0x00060001, M, PTN_TNEF_PERSON,     P(SENT_REPRESENTING_NAME),   MTG },
    { 0x00060002, M, PTN_TNEF_BINARY,     P(RCVD_REPRESENTING_ENTRYID), MTG },
    /* attDateStart, attDateEnd, attAidOwner (some write it as long),
     * attRequestRes */
    { 0x00030006, M, PTN_TNEF_DATE,       P(START_DATE),               MTG },
    { 0x00030007, M, PTN_TNEF_DATE,       P(END_DATE),                 MTG },
    { 0x00050008, M, PTN_TNEF_LONG,       P(OWNER_APPT_ID),            MTG },
    { 0x00040008, M, PTN_TNEF_LONG,       P(OWNER_APPT_ID),            OLD },
    { 0x00040009, M, PTN_TNEF_BOOL,       P(RESPONSE_REQUESTED),       MTG },
    /* attRecipTable, attMsgProps */
    { 0x00069004, M, PTN_TNEF_RECIPIENTS, 0,                           ALL },
    { 0x00069003, M, PTN_TNEF_PROPERTIES, 0,                           ALL },

    /* attAttachRendData */
    { 0x00069002, A, PTN_TNEF_RENDERING,  0,                           ALL },
    /* attAttachData, attAttachTitle, attAttachMetaFile */
    { 0x0006800f, A, PTN_TNEF_DATA,       0,                           ALL },
    { 0x00018010, A, PTN_TNEF_STRING,     P(ATTACH_FILENAME),          ALL },
    { 0x00068011, A, PTN_TNEF_BINARY,     P(ATTACH_RENDERING),         ALL },
    /* attAttachCreateDate, attAttachModifyDate, attAttachTransportFilename */
    { 0x00038012, A, PTN_TNEF_DATE,       P(CREATION_TIME),            ALL },
    { 0x00038013, A, PTN_TNEF_DATE,       P(LAST_MODIFICATION_TIME),   ALL },
    { 0x00069001, A, PTN_TNEF_STRING,     P(ATTACH_TRANSPORT_NAME),    ALL },
    /* attAttachment */
    { 0x00069005, A, PTN_TNEF_PROPERTIES, 0,                           ALL },

#undef M
#undef A
#undef P
#undef ALL
#undef MTG
#undef OLD
};

const size_t  ptn_tnef_nattrs = ptn_nelts(ptn_tnef_attrs);


static const ptn_tnef_who_t  ptn_tnef_people[] = {
    { PTN_PR_SENDER_NAME, PTN_PR_SENDER_ADDRTYPE, PTN_PR_SENDER_EMAIL },
    { PTN_PR_SENT_REPRESENTING_NAME, PTN_PR_SENT_REPRESENTING_ADDRTYPE,
      PTN_PR_SENT_REPRESENTING_EMAIL },
    { PTN_PR_RCVD_REPRESENTING_NAME, PTN_PR_RCVD_REPRESENTING_ADDRTYPE,
      PTN_PR_RCVD_REPRESENTING_EMAIL_ADDRESS },
};

/* The bits of both sides, "attMessageStatus" of the MAPI reference. */

const ptn_tnef_status_t  ptn_tnef_status[] = {
    { 0x20, 0x01, false },      /* fmsRead, mfRead */
    { 0x01, 0x02, true },       /* fmsModified, not mfUnmodified */
    { 0x04, 0x04, false },      /* fmsSubmitted, mfSubmitted */
    { 0x02, 0x08, false },      /* fmsLocal, mfUnsent */
    { 0x80, 0x10, false },      /* fmsHasAttach, mfHasAttach */
};

const size_t  ptn_tnef_nstatus = ptn_nelts(ptn_tnef_status);

/* MS-OXCDATA and the Platform SDK: {xxxxxxxx-0000-0000-C000-000000000046} */
#define PTN_TNEF_IID(a, b, c, d)                                              \
    { { a, b, c, d, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x46 } }

const ptn_guid_t  ptn_tnef_iid_message = PTN_TNEF_IID(0x07, 0x03, 0x02, 0);
const ptn_guid_t  ptn_tnef_iid_storage = PTN_TNEF_IID(0x0b, 0, 0, 0);
const ptn_guid_t  ptn_tnef_iid_stream = PTN_TNEF_IID(0x0c, 0, 0, 0);

const ptn_str_t  ptn_tnef_macbinary =
    ptn_string("\x2a\x86\x48\x86\xf7\x14\x03\x0b\x01");


const ptn_tnef_attr_t *
ptn_tnef_attr(unsigned level, uint32_t id)
{
    size_t  i;

    for (i = 0; i < ptn_tnef_nattrs; i++) {
        if (ptn_tnef_attrs[i].id == id && ptn_tnef_attrs[i].level == level) {
            return &ptn_tnef_attrs[i];
        }
    }

    return NULL;
}


const ptn_tnef_who_t *
ptn_tnef_who(uint32_t tag)
{
    size_t  i;

    for (i = 0; i < ptn_nelts(ptn_tnef_people); i++) {
        if (ptn_tnef_people[i].name == tag) {
            return &ptn_tnef_people[i];
        }
    }

    return NULL;
}


bool
ptn_tnef_is_meeting(ptn_str_t message_class)
{
    return ptn_str_istarts(message_class, "IPM.Schedule.Meeting.");
}


/* MS-OXTNEF 2.1.3.3.16: a response speaks for whom the request came to. */

const ptn_tnef_who_t *
ptn_tnef_owner(ptn_str_t message_class)
{
    return ptn_str_istarts(message_class, "IPM.Schedule.Meeting.Resp.")
           ? &ptn_tnef_people[2] : &ptn_tnef_people[1];
}
