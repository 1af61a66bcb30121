#include "ptn_ews.h"


/*
 * The fields of t:ItemType and t:MessageType, in their order, so that what
 * walks the table writes the elements as the schema wants them.  t/unit/
 * ews_field.c compares with types.xsd.
 *
 * A row: FieldURI, element, kind, first version, flags, tags, and where they
 * are needed choices, getter, setter.  An element without FieldURI cannot be
 * asked for.
 */

#define PTN_EWS_ALWAYS  (PTN_EWS_IDONLY|PTN_EWS_DEFAULT|PTN_EWS_ALL)
#define PTN_EWS_DEF     (PTN_EWS_DEFAULT|PTN_EWS_ALL)
#define PTN_EWS_MDEF    (PTN_EWS_DEF|PTN_EWS_MESSAGE)
#define PTN_EWS_MALL    (PTN_EWS_ALL|PTN_EWS_MESSAGE)


static const char *const  ptn_ews_importance[] = {
    "Low", "Normal", "High", NULL
};

static const char *const  ptn_ews_sensitivity[] = {
    "Normal", "Personal", "Private", "Confidential", NULL
};


/* MS-OXPROPS: PidNameKeywords, PidLidReminderSet and its kin. */
#define PTN_EWS_PSETID_COMMON                                                 \
    { { 0x08, 0x20, 0x06, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x46 } }

static const ptn_named_t  ptn_ews_keywords = {
    { { 0x29, 0x03, 0x02, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x46 } },
    true, 0, ptn_string("Keywords")
};

static const ptn_named_t  ptn_ews_reminder_due = {
    PTN_EWS_PSETID_COMMON, false, 0x8502, ptn_null_string
};

static const ptn_named_t  ptn_ews_reminder_set = {
    PTN_EWS_PSETID_COMMON, false, 0x8503, ptn_null_string
};

static const ptn_named_t  ptn_ews_reminder_delta = {
    PTN_EWS_PSETID_COMMON, false, 0x8501, ptn_null_string
};

static const ptn_named_t  ptn_ews_reminder_signal = {
    PTN_EWS_PSETID_COMMON, false, 0x8560, ptn_null_string
};


#define PTN_EWS_NO_TAGS  { 0, 0, 0, 0 }

#define PTN_EWS_F_TAG(uri, name, kind, since, flags, tag)                     \
    { uri, "t:" name, PTN_EWS_##kind, PTN_EWS_##since, flags,                 \
      { PTN_PR_##tag, 0, 0, 0 }, NULL, NULL, NULL, NULL }

#define PTN_EWS_F_CHOICE(uri, name, since, flags, tag, choices)               \
    { uri, "t:" name, PTN_EWS_CHOICE, PTN_EWS_##since, flags,                 \
      { PTN_PR_##tag, 0, 0, 0 }, choices, NULL, NULL, NULL }

#define PTN_EWS_F_NAMED(uri, name, kind, since, flags, type, named)           \
    { uri, "t:" name, PTN_EWS_##kind, PTN_EWS_##since, flags,                 \
      { PTN_PT_##type, 0, 0, 0 }, NULL, NULL, NULL, named }

#define PTN_EWS_F_GET(uri, name, since, flags, tags, get, set)                \
    { uri, "t:" name, PTN_EWS_GET, PTN_EWS_##since, flags, tags, NULL, get,   \
      set, NULL }

#define PTN_EWS_F_NONE(uri, name, since, flags)                               \
    { uri, "t:" name, PTN_EWS_ABSENT, PTN_EWS_##since,                        \
      flags|PTN_EWS_READONLY, PTN_EWS_NO_TAGS, NULL, NULL, NULL, NULL }

#define PTN_EWS_T1(a)           { PTN_PR_##a, 0, 0, 0 }
#define PTN_EWS_T2(a, b)        { PTN_PR_##a, PTN_PR_##b, 0, 0 }
#define PTN_EWS_T3(a, b, c)     { PTN_PR_##a, PTN_PR_##b, PTN_PR_##c, 0 }
#define PTN_EWS_T4(a, b, c, d)                                                \
    { PTN_PR_##a, PTN_PR_##b, PTN_PR_##c, PTN_PR_##d }


const ptn_ews_field_t  ptn_ews_fields[] = {

    /* t:ItemType */

    PTN_EWS_F_GET("item:MimeContent", "MimeContent", 2007,
        PTN_EWS_NOFIND, PTN_EWS_NO_TAGS,
        ptn_ews_get_mime, ptn_ews_set_mime),
    PTN_EWS_F_GET("item:ItemId", "ItemId", 2007,
        PTN_EWS_ALWAYS|PTN_EWS_READONLY, PTN_EWS_NO_TAGS,
        ptn_ews_get_item_id, NULL),
    PTN_EWS_F_GET("item:ParentFolderId", "ParentFolderId", 2007,
        PTN_EWS_ALL|PTN_EWS_READONLY, PTN_EWS_NO_TAGS,
        ptn_ews_get_parent, NULL),
    PTN_EWS_F_GET("item:ItemClass", "ItemClass", 2007,
        PTN_EWS_ALL|PTN_EWS_SORT, PTN_EWS_T1(MESSAGE_CLASS),
        ptn_ews_get_class, ptn_ews_set_class),
    PTN_EWS_F_TAG("item:Subject", "Subject", STR, 2007,
        PTN_EWS_DEF|PTN_EWS_SORT, SUBJECT),
    PTN_EWS_F_CHOICE("item:Sensitivity", "Sensitivity", 2007,
        PTN_EWS_DEF|PTN_EWS_SORT, SENSITIVITY, ptn_ews_sensitivity),
    PTN_EWS_F_GET("item:Body", "Body", 2007,
        PTN_EWS_DEF|PTN_EWS_NOFIND|PTN_EWS_CONTENT|PTN_EWS_APPEND,
        PTN_EWS_NO_TAGS, ptn_ews_get_body, ptn_ews_set_body),
    PTN_EWS_F_GET("item:Attachments", "Attachments", 2007,
        PTN_EWS_DEF|PTN_EWS_NOFIND|PTN_EWS_ATTACHS, PTN_EWS_NO_TAGS,
        ptn_ews_get_attachments, ptn_ews_set_attachments),
    PTN_EWS_F_GET("item:DateTimeReceived", "DateTimeReceived", 2007,
        PTN_EWS_ALL|PTN_EWS_SORT|PTN_EWS_READONLY,
        PTN_EWS_T1(MESSAGE_DELIVERY_TIME), ptn_ews_get_received, NULL),
    PTN_EWS_F_GET("item:Size", "Size", 2007,
        PTN_EWS_DEF|PTN_EWS_SORT|PTN_EWS_READONLY, PTN_EWS_T1(MESSAGE_SIZE),
        ptn_ews_get_size, NULL),
    { "item:Categories", "t:Categories", PTN_EWS_GET, PTN_EWS_2007,
      PTN_EWS_ALL, { PTN_PT_MV_UNICODE, 0, 0, 0 }, NULL,
      ptn_ews_get_strings, ptn_ews_set_strings, &ptn_ews_keywords },
    PTN_EWS_F_CHOICE("item:Importance", "Importance", 2007,
        PTN_EWS_ALL|PTN_EWS_SORT, IMPORTANCE, ptn_ews_importance),
    PTN_EWS_F_TAG("item:InReplyTo", "InReplyTo", STR, 2007,
        PTN_EWS_ALL, IN_REPLY_TO_ID),
    PTN_EWS_F_GET("item:IsSubmitted", "IsSubmitted", 2007,
        PTN_EWS_ALL|PTN_EWS_READONLY, PTN_EWS_T1(MESSAGE_FLAGS),
        ptn_ews_get_message_flag, NULL),
    PTN_EWS_F_GET("item:IsDraft", "IsDraft", 2007,
        PTN_EWS_ALL|PTN_EWS_READONLY, PTN_EWS_T1(MESSAGE_FLAGS),
        ptn_ews_get_draft, NULL),
    PTN_EWS_F_GET("item:IsFromMe", "IsFromMe", 2007,
        PTN_EWS_ALL|PTN_EWS_READONLY, PTN_EWS_T1(MESSAGE_FLAGS),
        ptn_ews_get_message_flag, NULL),
    PTN_EWS_F_GET("item:IsResend", "IsResend", 2007,
        PTN_EWS_ALL|PTN_EWS_READONLY, PTN_EWS_T1(MESSAGE_FLAGS),
        ptn_ews_get_message_flag, NULL),
    PTN_EWS_F_GET("item:IsUnmodified", "IsUnmodified", 2007,
        PTN_EWS_ALL|PTN_EWS_READONLY, PTN_EWS_T1(MESSAGE_FLAGS),
        ptn_ews_get_message_flag, NULL),
    PTN_EWS_F_GET("item:InternetMessageHeaders", "InternetMessageHeaders",
        2007, PTN_EWS_ALL|PTN_EWS_NOFIND|PTN_EWS_READONLY, PTN_EWS_NO_TAGS,
        ptn_ews_get_headers, NULL),
    PTN_EWS_F_TAG("item:DateTimeSent", "DateTimeSent", TIME, 2007,
        PTN_EWS_DEF|PTN_EWS_SORT|PTN_EWS_READONLY, CLIENT_SUBMIT_TIME),
    PTN_EWS_F_TAG("item:DateTimeCreated", "DateTimeCreated", TIME, 2007,
        PTN_EWS_DEF|PTN_EWS_SORT|PTN_EWS_READONLY, CREATION_TIME),
    PTN_EWS_F_GET("item:ResponseObjects", "ResponseObjects", 2007,
        PTN_EWS_DEF|PTN_EWS_NOFIND|PTN_EWS_READONLY,
        PTN_EWS_T1(MESSAGE_FLAGS), ptn_ews_get_responses, NULL),
    PTN_EWS_F_NAMED("item:ReminderDueBy", "ReminderDueBy", TIME, 2007,
        PTN_EWS_ALL, SYSTIME, &ptn_ews_reminder_due),
    PTN_EWS_F_NAMED("item:ReminderIsSet", "ReminderIsSet", BOOL, 2007,
        PTN_EWS_ALL, BOOLEAN, &ptn_ews_reminder_set),
    PTN_EWS_F_NAMED("item:ReminderNextTime", "ReminderNextTime", TIME, 2013,
        PTN_EWS_ALL, SYSTIME, &ptn_ews_reminder_signal),
    PTN_EWS_F_NAMED("item:ReminderMinutesBeforeStart",
        "ReminderMinutesBeforeStart", INT, 2007,
        PTN_EWS_ALL, LONG, &ptn_ews_reminder_delta),
    PTN_EWS_F_TAG("item:DisplayCc", "DisplayCc", STR, 2007,
        PTN_EWS_ALL|PTN_EWS_SORT|PTN_EWS_READONLY, DISPLAY_CC),
    PTN_EWS_F_TAG("item:DisplayTo", "DisplayTo", STR, 2007,
        PTN_EWS_ALL|PTN_EWS_SORT|PTN_EWS_READONLY, DISPLAY_TO),
    PTN_EWS_F_TAG("item:DisplayBcc", "DisplayBcc", STR, 2013,
        PTN_EWS_ALL|PTN_EWS_READONLY, DISPLAY_BCC),
    PTN_EWS_F_TAG("item:HasAttachments", "HasAttachments", BOOL, 2007,
        PTN_EWS_DEF|PTN_EWS_SORT|PTN_EWS_READONLY, HASATTACH),
    PTN_EWS_F_GET(NULL, "ExtendedProperty", 2007,
        PTN_EWS_ALWAYS, PTN_EWS_NO_TAGS,
        ptn_ews_get_extended, ptn_ews_set_extended),
    PTN_EWS_F_NONE("item:Culture", "Culture", 2007, PTN_EWS_ALL),
    PTN_EWS_F_GET("item:EffectiveRights", "EffectiveRights", 2007_SP1,
        PTN_EWS_ALL|PTN_EWS_READONLY, PTN_EWS_NO_TAGS,
        ptn_ews_get_rights, NULL),
    PTN_EWS_F_TAG("item:LastModifiedName", "LastModifiedName", STR, 2007_SP1,
        PTN_EWS_ALL|PTN_EWS_READONLY, LAST_MODIFIER_NAME),
    PTN_EWS_F_GET("item:LastModifiedTime", "LastModifiedTime", 2007_SP1,
        PTN_EWS_ALL|PTN_EWS_SORT|PTN_EWS_READONLY,
        PTN_EWS_T1(LAST_MODIFICATION_TIME), ptn_ews_get_modified, NULL),
    PTN_EWS_F_GET("item:IsAssociated", "IsAssociated", 2010,
        PTN_EWS_ALL|PTN_EWS_READONLY, PTN_EWS_NO_TAGS,
        ptn_ews_get_associated, NULL),
    PTN_EWS_F_NONE("item:WebClientReadFormQueryString",
        "WebClientReadFormQueryString", 2010, PTN_EWS_ALL),
    PTN_EWS_F_NONE("item:WebClientEditFormQueryString",
        "WebClientEditFormQueryString", 2010, PTN_EWS_ALL),
    PTN_EWS_F_GET("item:ConversationId", "ConversationId", 2010,
        PTN_EWS_ALL|PTN_EWS_READONLY,
        PTN_EWS_T3(CONVERSATION_ID, CONVERSATION_INDEX, CONVERSATION_TOPIC),
        ptn_ews_get_conversation, NULL),
    PTN_EWS_F_GET("item:UniqueBody", "UniqueBody", 2010,
        PTN_EWS_NOFIND|PTN_EWS_CONTENT|PTN_EWS_READONLY, PTN_EWS_NO_TAGS,
        ptn_ews_get_body, NULL),
    PTN_EWS_F_GET("item:Flag", "Flag", 2013,
        PTN_EWS_ALL, PTN_EWS_T2(FLAG_STATUS, FLAG_COMPLETE_TIME),
        ptn_ews_get_flag, ptn_ews_set_flag),
    PTN_EWS_F_GET("item:StoreEntryId", "StoreEntryId", 2010_SP2,
        PTN_EWS_READONLY, PTN_EWS_NO_TAGS, ptn_ews_get_entry_id, NULL),
    PTN_EWS_F_GET("item:InstanceKey", "InstanceKey", 2013,
        PTN_EWS_ALL|PTN_EWS_READONLY, PTN_EWS_NO_TAGS,
        ptn_ews_get_entry_id, NULL),
    PTN_EWS_F_GET("item:NormalizedBody", "NormalizedBody", 2013,
        PTN_EWS_NOFIND|PTN_EWS_CONTENT|PTN_EWS_READONLY, PTN_EWS_NO_TAGS,
        ptn_ews_get_body, NULL),
    PTN_EWS_F_NONE("item:EntityExtractionResult", "EntityExtractionResult",
        2013, PTN_EWS_ALL),
    PTN_EWS_F_NONE("item:PolicyTag", "PolicyTag", 2013, PTN_EWS_ALL),
    PTN_EWS_F_NONE("item:ArchiveTag", "ArchiveTag", 2013, PTN_EWS_ALL),
    PTN_EWS_F_NONE("item:RetentionDate", "RetentionDate", 2013, PTN_EWS_ALL),
    PTN_EWS_F_GET("item:Preview", "Preview", 2013,
        PTN_EWS_ALL|PTN_EWS_CONTENT|PTN_EWS_READONLY, PTN_EWS_NO_TAGS,
        ptn_ews_get_preview, NULL),
    PTN_EWS_F_NONE("item:RightsManagementLicenseData",
        "RightsManagementLicenseData", 2013, PTN_EWS_ALL),
    PTN_EWS_F_NONE("item:PredictedActionReasons", "PredictedActionReasons",
        2013_SP1, PTN_EWS_ALL),
    PTN_EWS_F_NONE("item:IsClutter", "IsClutter", 2013_SP1, PTN_EWS_ALL),
    PTN_EWS_F_NONE("item:BlockStatus", "BlockStatus", 2013, PTN_EWS_ALL),
    PTN_EWS_F_NONE("item:HasBlockedImages", "HasBlockedImages", 2013,
        PTN_EWS_ALL),
    PTN_EWS_F_GET("item:TextBody", "TextBody", 2013,
        PTN_EWS_NOFIND|PTN_EWS_CONTENT|PTN_EWS_READONLY, PTN_EWS_NO_TAGS,
        ptn_ews_get_body, NULL),
    PTN_EWS_F_NONE("item:IconIndex", "IconIndex", 2013, PTN_EWS_ALL),
    PTN_EWS_F_NONE(NULL, "SearchKey", 2016, 0),
    PTN_EWS_F_NONE(NULL, "SortKey", 2016, 0),
    PTN_EWS_F_NONE("item:Hashtags", "Hashtags", 2016, PTN_EWS_ALL),
    PTN_EWS_F_NONE("item:Mentions", "Mentions", 2016, PTN_EWS_ALL),
    PTN_EWS_F_NONE("item:MentionedMe", "MentionedMe", 2016, PTN_EWS_ALL),
    PTN_EWS_F_NONE("item:MentionsPreview", "MentionsPreview", 2016,
        PTN_EWS_ALL),
    PTN_EWS_F_NONE("item:MentionsEx", "MentionsEx", 2016, PTN_EWS_ALL),
    PTN_EWS_F_NONE("item:AppliedHashtags", "AppliedHashtags", 2016,
        PTN_EWS_ALL),
    PTN_EWS_F_NONE("item:AppliedHashtagsPreview", "AppliedHashtagsPreview",
        2016, PTN_EWS_ALL),
    PTN_EWS_F_NONE("item:Likes", "Likes", 2016, PTN_EWS_ALL),
    PTN_EWS_F_NONE("item:LikesPreview", "LikesPreview", 2016, PTN_EWS_ALL),
    PTN_EWS_F_NONE("item:PendingSocialActivityTagIds",
        "PendingSocialActivityTagIds", 2016, PTN_EWS_ALL),
    PTN_EWS_F_NONE("item:AtAllMention", "AtAllMention", 2016, PTN_EWS_ALL),
    PTN_EWS_F_NONE("item:CanDelete", "CanDelete", 2016, PTN_EWS_ALL),
    PTN_EWS_F_NONE("item:InferenceClassification",
        "InferenceClassification", 2016, PTN_EWS_ALL),

    /* t:MessageType */

    PTN_EWS_F_GET("message:Sender", "Sender", 2007,
        PTN_EWS_MALL|PTN_EWS_SORT,
        PTN_EWS_T4(SENDER_NAME, SENDER_SMTP_ADDRESS, SENDER_EMAIL,
                   SENDER_ADDRTYPE),
        ptn_ews_get_person, ptn_ews_set_person),
    PTN_EWS_F_GET("message:ToRecipients", "ToRecipients", 2007,
        PTN_EWS_MDEF|PTN_EWS_NOFIND|PTN_EWS_RECIPS|PTN_EWS_APPEND,
        PTN_EWS_NO_TAGS, ptn_ews_get_recips, ptn_ews_set_recips),
    PTN_EWS_F_GET("message:CcRecipients", "CcRecipients", 2007,
        PTN_EWS_MDEF|PTN_EWS_NOFIND|PTN_EWS_RECIPS|PTN_EWS_APPEND,
        PTN_EWS_NO_TAGS, ptn_ews_get_recips, ptn_ews_set_recips),
    PTN_EWS_F_GET("message:BccRecipients", "BccRecipients", 2007,
        PTN_EWS_MDEF|PTN_EWS_NOFIND|PTN_EWS_RECIPS|PTN_EWS_APPEND,
        PTN_EWS_NO_TAGS, ptn_ews_get_recips, ptn_ews_set_recips),
    PTN_EWS_F_TAG("message:IsReadReceiptRequested", "IsReadReceiptRequested",
        BOOL, 2007, PTN_EWS_MDEF, READ_RECEIPT_REQUESTED),
    PTN_EWS_F_TAG("message:IsDeliveryReceiptRequested",
        "IsDeliveryReceiptRequested", BOOL, 2007,
        PTN_EWS_MDEF, ORIGINATOR_DELIVERY_REPORT_REQUESTED),
    PTN_EWS_F_TAG("message:ConversationIndex", "ConversationIndex", BYTES,
        2007, PTN_EWS_MALL, CONVERSATION_INDEX),
    PTN_EWS_F_TAG("message:ConversationTopic", "ConversationTopic", STR,
        2007, PTN_EWS_MALL|PTN_EWS_SORT|PTN_EWS_READONLY,
        CONVERSATION_TOPIC),
    PTN_EWS_F_GET("message:From", "From", 2007,
        PTN_EWS_MDEF|PTN_EWS_SORT,
        PTN_EWS_T4(SENT_REPRESENTING_NAME, SENT_REPRESENTING_SMTP_ADDRESS,
                   SENT_REPRESENTING_EMAIL, SENT_REPRESENTING_ADDRTYPE),
        ptn_ews_get_person, ptn_ews_set_person),
    PTN_EWS_F_TAG("message:InternetMessageId", "InternetMessageId", STR,
        2007, PTN_EWS_MALL, INTERNET_MESSAGE_ID),
    PTN_EWS_F_GET("message:IsRead", "IsRead", 2007,
        PTN_EWS_MDEF, PTN_EWS_T1(MESSAGE_FLAGS),
        ptn_ews_get_read, ptn_ews_set_read),
    PTN_EWS_F_TAG("message:IsResponseRequested", "IsResponseRequested", BOOL,
        2007, PTN_EWS_MALL, REPLY_REQUESTED),
    PTN_EWS_F_TAG("message:References", "References", STR, 2007,
        PTN_EWS_MALL, INTERNET_REFERENCES),
    PTN_EWS_F_GET("message:ReplyTo", "ReplyTo", 2007,
        PTN_EWS_MALL|PTN_EWS_NOFIND|PTN_EWS_APPEND,
        PTN_EWS_T1(REPLY_RECIPIENT_ENTRIES),
        ptn_ews_get_reply_to, ptn_ews_set_reply_to),
    PTN_EWS_F_GET("message:ReceivedBy", "ReceivedBy", 2007_SP1,
        PTN_EWS_MALL|PTN_EWS_READONLY,
        PTN_EWS_T4(RECEIVED_BY_NAME, RECEIVED_BY_SMTP_ADDRESS,
                   RECEIVED_BY_EMAIL, RECEIVED_BY_ADDRTYPE),
        ptn_ews_get_person, NULL),
    PTN_EWS_F_GET("message:ReceivedRepresenting", "ReceivedRepresenting",
        2007_SP1, PTN_EWS_MALL|PTN_EWS_READONLY,
        PTN_EWS_T4(RCVD_REPRESENTING_NAME,
                   RECEIVED_REPRESENTING_SMTP_ADDRESS,
                   RCVD_REPRESENTING_EMAIL_ADDRESS,
                   RCVD_REPRESENTING_ADDRTYPE),
        ptn_ews_get_person, NULL),
    PTN_EWS_F_NONE("message:ApprovalRequestData", "ApprovalRequestData",
        2013, PTN_EWS_MALL),
    PTN_EWS_F_NONE("message:VotingInformation", "VotingInformation",
        2013, PTN_EWS_MALL),
    PTN_EWS_F_NONE("message:ReminderMessageData", "ReminderMessageData",
        2013_SP1, PTN_EWS_MALL),
    PTN_EWS_F_NONE("message:MessageSafety", "MessageSafety", 2016,
        PTN_EWS_MALL),
    PTN_EWS_F_NONE(NULL, "SenderSMTPAddress", 2016, PTN_EWS_MESSAGE),
    PTN_EWS_F_NONE(NULL, "MailboxGuids", 2016, PTN_EWS_MESSAGE),
    PTN_EWS_F_NONE("message:PublishedCalendarItemIcs",
        "PublishedCalendarItemIcs", 2016, PTN_EWS_MALL),
    PTN_EWS_F_NONE("message:PublishedCalendarItemName",
        "PublishedCalendarItemName", 2016, PTN_EWS_MALL),
};


size_t
ptn_ews_fields_n(void)
{
    return ptn_nelts(ptn_ews_fields);
}


const ptn_ews_field_t *
ptn_ews_field(ptn_str_t uri)
{
    size_t  i;

    for (i = 0; i < ptn_nelts(ptn_ews_fields); i++) {
        if (ptn_ews_fields[i].uri != NULL
            && ptn_str_eqz(uri, ptn_ews_fields[i].uri))
        {
            return &ptn_ews_fields[i];
        }
    }

    return NULL;
}


const ptn_ews_field_t *
ptn_ews_field_element(const char *element)
{
    size_t  i;

    for (i = 0; i < ptn_nelts(ptn_ews_fields); i++) {
        if (strcmp(ptn_ews_fields[i].element + 2, element) == 0) {
            return &ptn_ews_fields[i];
        }
    }

    return NULL;
}
