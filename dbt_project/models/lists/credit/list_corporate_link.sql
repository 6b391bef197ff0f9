-- list_corporate_link 公私联动: whose company banks here, while their own money is elsewhere?
--
-- Who: legal representative of a corporate here whose yearly average is from 10 000, below the wealth tier.
-- Order: the corporate's balance, how many people it pays, products missing.
{% call(rule) marketing_list() %}
with corporates as (
    select
        legal_rep_customer_id as customer_id,
        sum(coalesce(avg_balance_year, balance)) as corporate_amount,
        sum(payroll_headcount) as paid_heads_count
    from {{ ref('stg_crm__corporates') }}
    where legal_rep_customer_id is not null
    group by legal_rep_customer_id
)

select
    labels.customer_id as subject_id,
    cast(null as decimal(18, 2)) as stake_amount,
    cast(null as date) as due_on,
    {{ money('corporates.corporate_amount') }} as corporate_amount,
    cast(corporates.paid_heads_count as integer) as paid_heads_count
from corporates
inner join {{ ref('customer_labels') }} as labels on corporates.customer_id = labels.customer_id
where labels.value_tier in ('long_tail', 'basic', 'growth')
    and corporates.corporate_amount >= {{ threshold('corporate_link_from', rule) }}
{% endcall %}
