-- list_etc_credit ETC客群: which driver with our toll contract has no loan here?
--
-- Who: an ETC contract that runs, no loan, nothing known against credit.
-- Order: toll, age, social-security card, pay here.
{% call(rule) marketing_list() %}
with tolls as (
    select customer_id, sum(monthly_toll) as etc_monthly_toll_amount
    from {{ ref('stg_channels__etc_contracts') }}
    where status = 'active'
    group by customer_id
)

select
    labels.customer_id as subject_id,
    cast(null as decimal(18, 2)) as stake_amount,
    cast(null as date) as due_on,
    {{ money('tolls.etc_monthly_toll_amount') }} as etc_monthly_toll_amount
from tolls
inner join {{ ref('customer_labels') }} as labels on tolls.customer_id = labels.customer_id
where labels.has_etc
    and tolls.etc_monthly_toll_amount >= {{ threshold('etc_credit_toll_from', rule) }}
    and not labels.has_loan
    and coalesce(labels.is_credit_eligible_consumer, true)
{% endcall %}
