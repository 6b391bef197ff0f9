-- stg_crm__outside_contacts: which customers did other systems call, text or push?
--
-- One row per customer_id, contacted_at, channel, system and campaign.
{{ rows_until(source('crm', 'outside_contacts'), 'contacted_at') }}
