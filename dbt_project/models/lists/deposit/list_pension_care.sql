-- list_pension_care 养老: whose pension lands here, or who saves for one?
--
-- Who: a pension is paid in here, or the customer is 55 or over and holds time deposits.
-- Order: balance, a deposit maturing, pension drawn at once.
{% call(rule) marketing_list() %}
select
    customer_id as subject_id,
    -- what can be won or lost: the deposits that mature, else the growth that counts as success
    greatest(matures_90d_amount, {{ threshold('pension_growth_share') }} * aum_avg_90d) as stake_amount,
    cast(null as date) as due_on
from {{ ref('customer_labels') }}
where is_pension or (age >= {{ threshold('pension_age_from', rule) }} and time_balance > 0)
{% endcall %}
