-- stg_crm__satisfaction: how did customers answer a survey?
--
-- One row per customer_id, surveyed_on and touch_point.
{{ rows_until(source('crm', 'satisfaction'), 'surveyed_on') }}
