#include "ptn_wire_rop.h"


const ptn_wire_t *const  ptn_wire_rops[] = {
    &ptn_rop_req_head_wire,
    &ptn_rop_res_head_wire,
    &ptn_rop_logon_req_wire,
    &ptn_rop_logon_time_wire,
    &ptn_rop_logon_res_wire,
    &ptn_rop_open_folder_req_wire,
    &ptn_rop_open_folder_res_wire,
    &ptn_rop_create_folder_req_wire,
    &ptn_rop_create_folder_res_wire,
    &ptn_rop_get_properties_specific_req_wire,
    &ptn_rop_get_properties_list_res_wire,
    &ptn_rop_transport_new_mail_req_wire,
    &ptn_rop_options_data_req_wire,
    NULL
};
