-- stg_crm__activity_attendance: which invited customers came to an activity?
--
-- One row per activity_id and customer_id.
select * from {{ source('crm', 'activity_attendance') }}
