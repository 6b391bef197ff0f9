{{ config(enabled=var('pay', false), schema='pay') }}
-- stg_hr__staff_pay: what was an employee paid in a month?
--
-- One row per staff_id and pay_month.
-- Off unless the bank turns it on; kept in its own schema, away from everything that marketing reads.
select * from {{ source('hr', 'staff_pay') }}
