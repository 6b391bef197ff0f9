-- list_limit_increase 提额: which good borrower has outgrown the limit?
--
-- Who: a personal limit in use or a consumer or online loan, every instalment of the last 12 months on time and at least
-- ten of them, nothing known against credit. Whoever has a limit lying unused needs no larger one.
-- Order: utilisation, income, assets here, tenure.
{% call(rule) marketing_list() %}
with records as (
    select
        customer_id,
        cast(sum(due_12m_count) as integer) as paid_instalments_count
    from {{ ref('loan_records') }}
    where is_running
    group by customer_id
)

select
    labels.customer_id as subject_id,
    greatest(labels.facility_limit_amount, labels.consumer_loan_balance + labels.online_loan_balance) as stake_amount,
    cast(null as date) as due_on,
    records.paid_instalments_count
from records
inner join {{ ref('customer_labels') }} as labels on records.customer_id = labels.customer_id
where (labels.facility_used_amount > 0 or labels.has_consumer_loan or labels.has_online_loan)
    and records.paid_instalments_count >= {{ threshold('limit_increase_instalments', rule) }}
    and labels.on_time_rate_12m = 1
    and labels.max_days_late_12m = 0
    and not coalesce(labels.has_unused_limit, false)
    and coalesce(labels.is_credit_eligible_consumer, true)
{% endcall %}
