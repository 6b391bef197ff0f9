-- list_payroll_retention 代发留存: whose pay arrives here and leaves at once?
--
-- Who: salary paid in here, of which at least 60 % leaves within three days.
-- Order: the pay, the share that leaves, how long the customer is here.
{% call(rule) marketing_list() %}
select
    customer_id as subject_id,
    payroll_median_amount * payroll_leave_rate_3d * {{ threshold('payroll_retention_stake_months') }} as stake_amount,
    cast(null as date) as due_on
from {{ ref('customer_labels') }}
where is_payroll and payroll_leave_rate_3d >= {{ threshold('payroll_leave_from', rule) }}
{% endcall %}
