#include "ptn_ews.h"


/*
 * The operations of services.wsdl.  A row that has no function is refused with
 * ErrorInvalidOperation (docs/ews.md lists them).
 */
#define PTN_EWS_OP(name, run, flags)                                          \
    { #name, #name, "m:" #name "Response", "m:" #name "ResponseMessage",      \
      run, flags }
#define PTN_EWS_NONE(name, request, response)                                 \
    { #name, request, "m:" response, NULL, NULL, 0 }

static const ptn_ews_op_t  ptn_ews_ops[] = {
    PTN_EWS_OP(ResolveNames, ptn_ews_resolve_names,
        0),
    PTN_EWS_OP(GetServerTimeZones, ptn_ews_get_server_time_zones,
        0),
    PTN_EWS_OP(FindFolder, ptn_ews_find_folder,
        0),
    PTN_EWS_OP(FindItem, ptn_ews_find_item,
        0),
    PTN_EWS_OP(GetFolder, ptn_ews_get_folder,
        0),
    PTN_EWS_OP(CreateFolder, ptn_ews_create_folder,
        PTN_EWS_WRITES),
    PTN_EWS_OP(DeleteFolder, ptn_ews_delete_folder,
        PTN_EWS_WRITES),
    PTN_EWS_OP(EmptyFolder, ptn_ews_empty_folder,
        PTN_EWS_WRITES),
    PTN_EWS_OP(UpdateFolder, ptn_ews_update_folder,
        PTN_EWS_WRITES),
    PTN_EWS_OP(MoveFolder, ptn_ews_move_folder,
        PTN_EWS_WRITES),
    PTN_EWS_OP(CopyFolder, ptn_ews_copy_folder,
        PTN_EWS_WRITES),
    PTN_EWS_OP(Subscribe, ptn_ews_subscribe,
        0),
    PTN_EWS_OP(Unsubscribe, ptn_ews_unsubscribe,
        PTN_EWS_SUBSCRIPTION),
    PTN_EWS_OP(GetEvents, ptn_ews_get_events,
        PTN_EWS_SUBSCRIPTION),
    PTN_EWS_OP(GetStreamingEvents, ptn_ews_get_streaming_events,
        PTN_EWS_SUBSCRIPTION|PTN_EWS_PARKS),
    PTN_EWS_OP(SyncFolderHierarchy, ptn_ews_sync_folder_hierarchy,
        0),
    PTN_EWS_OP(SyncFolderItems, ptn_ews_sync_folder_items,
        0),
    PTN_EWS_OP(GetItem, ptn_ews_get_item,
        0),
    PTN_EWS_OP(CreateItem, ptn_ews_create_item,
        PTN_EWS_WRITES),
    PTN_EWS_OP(DeleteItem, ptn_ews_delete_item,
        PTN_EWS_WRITES),
    PTN_EWS_OP(UpdateItem, ptn_ews_update_item,
        PTN_EWS_WRITES),
    PTN_EWS_OP(SendItem, ptn_ews_send_item,
        PTN_EWS_WRITES),
    PTN_EWS_OP(MoveItem, ptn_ews_move_item,
        PTN_EWS_WRITES),
    PTN_EWS_OP(CopyItem, ptn_ews_copy_item,
        PTN_EWS_WRITES),
    PTN_EWS_OP(GetAttachment, ptn_ews_get_attachment,
        0),
    PTN_EWS_OP(MarkAllItemsAsRead, ptn_ews_mark_all_items_as_read,
        PTN_EWS_WRITES),

    PTN_EWS_NONE(ExpandDL, "ExpandDL", "ExpandDLResponse"),
    PTN_EWS_NONE(UploadItems, "UploadItems", "UploadItemsResponse"),
    PTN_EWS_NONE(ExportItems, "ExportItems", "ExportItemsResponse"),
    PTN_EWS_NONE(ConvertId, "ConvertId", "ConvertIdResponse"),
    PTN_EWS_NONE(CreateFolderPath,
        "CreateFolderPath", "CreateFolderPathResponse"),
    PTN_EWS_NONE(CreateManagedFolder,
        "CreateManagedFolder", "CreateManagedFolderResponse"),
    PTN_EWS_NONE(UpdateItemInRecoverableItems,
        "UpdateItemInRecoverableItems", "UpdateItemInRecoverableItemsResponse"),
    PTN_EWS_NONE(ArchiveItem, "ArchiveItem", "ArchiveItemResponse"),
    PTN_EWS_NONE(CreateAttachment,
        "CreateAttachment", "CreateAttachmentResponse"),
    PTN_EWS_NONE(DeleteAttachment,
        "DeleteAttachment", "DeleteAttachmentResponse"),
    PTN_EWS_NONE(GetClientAccessToken,
        "GetClientAccessToken", "GetClientAccessTokenResponse"),
    PTN_EWS_NONE(GetDelegate, "GetDelegate", "GetDelegateResponse"),
    PTN_EWS_NONE(AddDelegate, "AddDelegate", "AddDelegateResponse"),
    PTN_EWS_NONE(RemoveDelegate,
        "RemoveDelegate", "RemoveDelegateResponse"),
    PTN_EWS_NONE(UpdateDelegate,
        "UpdateDelegate", "UpdateDelegateResponse"),
    PTN_EWS_NONE(CreateUserConfiguration,
        "CreateUserConfiguration", "CreateUserConfigurationResponse"),
    PTN_EWS_NONE(DeleteUserConfiguration,
        "DeleteUserConfiguration", "DeleteUserConfigurationResponse"),
    PTN_EWS_NONE(GetUserConfiguration,
        "GetUserConfiguration", "GetUserConfigurationResponse"),
    PTN_EWS_NONE(GetSpecificUserConfiguration,
        "GetSpecificUserConfiguration", "GetSpecificUserConfigurationResponse"),
    PTN_EWS_NONE(UpdateUserConfiguration,
        "UpdateUserConfiguration", "UpdateUserConfigurationResponse"),
    PTN_EWS_NONE(GetUserAvailability,
        "GetUserAvailabilityRequest", "GetUserAvailabilityResponse"),
    PTN_EWS_NONE(GetUserOofSettings,
        "GetUserOofSettingsRequest", "GetUserOofSettingsResponse"),
    PTN_EWS_NONE(SetUserOofSettings,
        "SetUserOofSettingsRequest", "SetUserOofSettingsResponse"),
    PTN_EWS_NONE(GetServiceConfiguration,
        "GetServiceConfiguration", "GetServiceConfigurationResponse"),
    PTN_EWS_NONE(GetMailTips, "GetMailTips", "GetMailTipsResponse"),
    PTN_EWS_NONE(PlayOnPhone, "PlayOnPhone", "PlayOnPhoneResponse"),
    PTN_EWS_NONE(GetPhoneCallInformation,
        "GetPhoneCallInformation", "GetPhoneCallInformationResponse"),
    PTN_EWS_NONE(DisconnectPhoneCall,
        "DisconnectPhoneCall", "DisconnectPhoneCallResponse"),
    PTN_EWS_NONE(GetSharingMetadata,
        "GetSharingMetadata", "GetSharingMetadataResponse"),
    PTN_EWS_NONE(RefreshSharingFolder,
        "RefreshSharingFolder", "RefreshSharingFolderResponse"),
    PTN_EWS_NONE(GetSharingFolder,
        "GetSharingFolder", "GetSharingFolderResponse"),
    PTN_EWS_NONE(SetTeamMailbox,
        "SetTeamMailbox", "SetTeamMailboxResponse"),
    PTN_EWS_NONE(UnpinTeamMailbox,
        "UnpinTeamMailbox", "UnpinTeamMailboxResponse"),
    PTN_EWS_NONE(GetRoomLists, "GetRoomLists", "GetRoomListsResponse"),
    PTN_EWS_NONE(GetRooms, "GetRooms", "GetRoomsResponse"),
    PTN_EWS_NONE(FindMessageTrackingReport,
        "FindMessageTrackingReport", "FindMessageTrackingReportResponse"),
    PTN_EWS_NONE(GetMessageTrackingReport,
        "GetMessageTrackingReport", "GetMessageTrackingReportResponse"),
    PTN_EWS_NONE(FindConversation,
        "FindConversation", "FindConversationResponse"),
    PTN_EWS_NONE(ApplyConversationAction,
        "ApplyConversationAction", "ApplyConversationActionResponse"),
    PTN_EWS_NONE(GetConversationItems,
        "GetConversationItems", "GetConversationItemsResponse"),
    PTN_EWS_NONE(FindPeople, "FindPeople", "FindPeopleResponse"),
    PTN_EWS_NONE(FindTags, "FindTags", "FindTagsResponse"),
    PTN_EWS_NONE(AddTag, "AddTag", "AddTagResponse"),
    PTN_EWS_NONE(HideTag, "HideTag", "HideTagResponse"),
    PTN_EWS_NONE(GetPersona, "GetPersona", "GetPersonaResponseMessage"),
    PTN_EWS_NONE(GetInboxRules, "GetInboxRules", "GetInboxRulesResponse"),
    PTN_EWS_NONE(UpdateInboxRules,
        "UpdateInboxRules", "UpdateInboxRulesResponse"),
    PTN_EWS_NONE(GetPasswordExpirationDate,
        "GetPasswordExpirationDate", "GetPasswordExpirationDateResponse"),
    PTN_EWS_NONE(GetSearchableMailboxes,
        "GetSearchableMailboxes", "GetSearchableMailboxesResponse"),
    PTN_EWS_NONE(SearchMailboxes,
        "SearchMailboxes", "SearchMailboxesResponse"),
    PTN_EWS_NONE(GetDiscoverySearchConfiguration,
        "GetDiscoverySearchConfiguration", "GetDiscoverySearchConfigurationResponse"),
    PTN_EWS_NONE(GetHoldOnMailboxes,
        "GetHoldOnMailboxes", "GetHoldOnMailboxesResponse"),
    PTN_EWS_NONE(SetHoldOnMailboxes,
        "SetHoldOnMailboxes", "SetHoldOnMailboxesResponse"),
    PTN_EWS_NONE(GetNonIndexableItemStatistics,
        "GetNonIndexableItemStatistics", "GetNonIndexableItemStatisticsResponse"),
    PTN_EWS_NONE(GetNonIndexableItemDetails,
        "GetNonIndexableItemDetails", "GetNonIndexableItemDetailsResponse"),
    PTN_EWS_NONE(MarkAsJunk, "MarkAsJunk", "MarkAsJunkResponse"),
    PTN_EWS_NONE(ReportMessage, "ReportMessage", "ReportMessageResponse"),
    PTN_EWS_NONE(GetAppManifests,
        "GetAppManifests", "GetAppManifestsResponse"),
    PTN_EWS_NONE(AddNewImContactToGroup,
        "AddNewImContactToGroup", "AddNewImContactToGroupResponse"),
    PTN_EWS_NONE(AddNewTelUriContactToGroup,
        "AddNewTelUriContactToGroup", "AddNewTelUriContactToGroupResponse"),
    PTN_EWS_NONE(AddImContactToGroup,
        "AddImContactToGroup", "AddImContactToGroupResponse"),
    PTN_EWS_NONE(RemoveImContactFromGroup,
        "RemoveImContactFromGroup", "RemoveImContactFromGroupResponse"),
    PTN_EWS_NONE(AddImGroup, "AddImGroup", "AddImGroupResponse"),
    PTN_EWS_NONE(AddDistributionGroupToImList,
        "AddDistributionGroupToImList", "AddDistributionGroupToImListResponse"),
    PTN_EWS_NONE(GetImItemList, "GetImItemList", "GetImItemListResponse"),
    PTN_EWS_NONE(GetImItems, "GetImItems", "GetImItemsResponse"),
    PTN_EWS_NONE(RemoveContactFromImList,
        "RemoveContactFromImList", "RemoveContactFromImListResponse"),
    PTN_EWS_NONE(RemoveDistributionGroupFromImList,
        "RemoveDistributionGroupFromImList", "RemoveDistributionGroupFromImListResponse"),
    PTN_EWS_NONE(RemoveImGroup, "RemoveImGroup", "RemoveImGroupResponse"),
    PTN_EWS_NONE(SetImGroup, "SetImGroup", "SetImGroupResponse"),
    PTN_EWS_NONE(SetImListMigrationCompleted,
        "SetImListMigrationCompleted", "SetImListMigrationCompletedResponse"),
    PTN_EWS_NONE(GetUserRetentionPolicyTags,
        "GetUserRetentionPolicyTags", "GetUserRetentionPolicyTagsResponse"),
    PTN_EWS_NONE(InstallApp, "InstallApp", "InstallAppResponse"),
    PTN_EWS_NONE(UninstallApp, "UninstallApp", "UninstallAppResponse"),
    PTN_EWS_NONE(DisableApp, "DisableApp", "DisableAppResponse"),
    PTN_EWS_NONE(GetAppMarketplaceUrl,
        "GetAppMarketplaceUrl", "GetAppMarketplaceUrlResponse"),
    PTN_EWS_NONE(FindAvailableMeetingTimes,
        "FindAvailableMeetingTimes", "FindAvailableMeetingTimesResponse"),
    PTN_EWS_NONE(FindMeetingTimeCandidates,
        "FindMeetingTimeCandidates", "FindMeetingTimeCandidatesResponse"),
    PTN_EWS_NONE(GetUserPhoto, "GetUserPhoto", "GetUserPhotoResponse"),
    PTN_EWS_NONE(SetUserPhoto, "SetUserPhoto", "SetUserPhotoResponse"),
    PTN_EWS_NONE(GetMeetingSpace,
        "GetMeetingSpace", "GetMeetingSpaceResponseMessage"),
    PTN_EWS_NONE(DeleteMeetingSpace,
        "DeleteMeetingSpace", "DeleteMeetingSpaceResponseMessage"),
    PTN_EWS_NONE(UpdateMeetingSpace,
        "UpdateMeetingSpace", "UpdateMeetingSpaceResponseMessage"),
    PTN_EWS_NONE(CreateMeetingSpace,
        "CreateMeetingSpace", "CreateMeetingSpaceResponseMessage"),
    PTN_EWS_NONE(FindMeetingSpaceByJoinUrl,
        "FindMeetingSpaceByJoinUrl", "FindMeetingSpaceByJoinUrlResponseMessage"),
    PTN_EWS_NONE(GetMeetingInstance,
        "GetMeetingInstanceRequest", "GetMeetingInstanceResponse"),
    PTN_EWS_NONE(DeleteMeetingInstance,
        "DeleteMeetingInstanceRequest", "DeleteMeetingInstanceResponse"),
    PTN_EWS_NONE(UpdateMeetingInstance,
        "UpdateMeetingInstanceRequest", "UpdateMeetingInstanceResponse"),
    PTN_EWS_NONE(CreateMeetingInstance,
        "CreateMeetingInstanceRequest", "CreateMeetingInstanceResponse"),
    PTN_EWS_NONE(StartSearchSession,
        "StartSearchSession", "StartSearchSessionResponse"),
    PTN_EWS_NONE(GetSearchSuggestions,
        "GetSearchSuggestions", "GetSearchSuggestionsResponse"),
    PTN_EWS_NONE(DeleteSearchSuggestion,
        "DeleteSearchSuggestion", "DeleteSearchSuggestionResponse"),
    PTN_EWS_NONE(ExecuteSearch, "ExecuteSearch", "ExecuteSearchResponse"),
    PTN_EWS_NONE(EndSearchSession,
        "EndSearchSession", "EndSearchSessionResponse"),
    PTN_EWS_NONE(GetLastPrivateCatalogUpdate,
        "GetLastPrivateCatalogUpdate", "GetLastPrivateCatalogUpdateResponse"),
    PTN_EWS_NONE(GetPrivateCatalogAddIns,
        "GetPrivateCatalogAddIns", "GetPrivateCatalogAddInsResponse"),
};


const ptn_ews_op_t *
ptn_ews_op(ptn_str_t request)
{
    size_t  i;

    for (i = 0; i < ptn_nelts(ptn_ews_ops); i++) {
        if (ptn_str_eqz(request, ptn_ews_ops[i].request)) {
            return &ptn_ews_ops[i];
        }
    }

    return NULL;
}


const ptn_ews_op_t *
ptn_ews_op_nth(size_t i)
{
    return i < ptn_nelts(ptn_ews_ops) ? &ptn_ews_ops[i] : NULL;
}


/* Behind the first `c` of `s`, at or after *i; false: there is none. */
static bool
ptn_ews_sniff_to(ptn_str_t s, size_t *i, u_char c)
{
    u_char  *p;

    p = *i < s.len ? memchr(s.data + *i, c, s.len - *i) : NULL;

    if (p == NULL) {
        return false;
    }

    *i = (size_t) (p - s.data) + 1;

    return true;
}


/*
 * The next start tag at or after *i: its local name.  Comments, end tags,
 * processing instructions are passed over; inside a comment it may see what is
 * no tag, which does no harm (see the header).
 */
static bool
ptn_ews_sniff_tag(ptn_str_t s, size_t *i, ptn_str_t *ret_name)
{
    size_t  start, n;

    while (ptn_ews_sniff_to(s, i, '<')) {

        if (*i < s.len && strchr("/?!", s.data[*i]) != NULL) {
            continue;
        }

        start = *i;

        for (n = start; n < s.len && s.data[n] > ' ' && s.data[n] != '>'
                        && s.data[n] != '/'; n++)
        {
            if (s.data[n] == ':') {
                start = n + 1;
            }
        }

        if (n == s.len) {
            return false;
        }

        *i = n;
        *ret_name = ptn_str_make(s.data + start, n - start);

        return true;
    }

    return false;
}


const ptn_ews_op_t *
ptn_ews_sniff(ptn_str_t action, ptn_str_t body)
{
    bool                 in_body;
    size_t               i, start;
    ptn_str_t            name;
    const ptn_ews_op_t  *op;

    op = NULL;
    i = 0;
    in_body = false;

    while (op == NULL && ptn_ews_sniff_tag(body, &i, &name)) {
        if (in_body) {
            op = ptn_ews_op(name);
            break;
        }

        in_body = ptn_str_eqz(name, "Body");
    }

    if (op == NULL) {

        /* "http://schemas.microsoft.com/.../messages/GetItem" */

        while (action.len != 0 && (action.data[action.len - 1] == '"'
                                   || action.data[action.len - 1] <= ' '))
        {
            action.len--;
        }

        for (start = action.len; start > 0 && action.data[start - 1] != '/';
             start--)
        {
            /* void */
        }

        op = ptn_ews_op(ptn_str_make(action.data + start,
                                     action.len - start));
    }

    return op;
}
