-- label_relation: who stands close to this customer, and who of them could introduce a product?
--
-- One row per customer. Family comes before business, business before mere transfers; among equals the higher tier. An
-- introducer is of a higher value tier and in a steady state: who is leaving or asleep recommends nobody. Ties count in
-- both directions. A household is found in two steps of spouse and parent ties, a bounded reach that holds parents,
-- children and their spouses; who is further away heads a household of their own. Colleagues are no tie: an employer with
-- a thousand of them says little about two.
{% set tie_order = ['spouse', 'parent', 'co_holder', 'guarantor', 'referrer', 'transfer'] %}
with told as (
    select customer_id, related_customer_id, relation_type as tie
    from {{ ref('stg_crm__relations') }}
    where relation_type <> 'employer'
    union all
    select customer_id, referrer_customer_id as related_customer_id, 'referrer' as tie
    from {{ ref('stg_core__customers') }}
    where referrer_customer_id is not null
    union all
    select customer_id, related_customer_id, 'transfer' as tie
    from {{ ref('transfer_ties') }}
),

-- booked on one side only or on both, a pair ties each of the two once
ties_by_transfer as (
    select customer_id, related_customer_id from {{ ref('transfer_ties') }}
    union
    select related_customer_id as customer_id, customer_id as related_customer_id from {{ ref('transfer_ties') }}
),

ties as (
    select
        customer_id,
        related_customer_id,
        min(case tie{% for tie in tie_order %} when '{{ tie }}' then {{ loop.index }}{% endfor %} end) as tie_rank
    from (
        select customer_id, related_customer_id, tie from told
        union all
        select related_customer_id as customer_id, customer_id as related_customer_id, tie from told
    ) as both_directions
    where customer_id <> related_customer_id
    group by customer_id, related_customer_id
),

-- weighted degree: the strongest kind of tie weighs 6, a mere transfer tie 1
influence as (
    select customer_id, cast(sum({{ tie_order | length + 1 }} - tie_rank) as integer) as influence
    from ties
    group by customer_id
),

standing as (
    select
        labels.customer_id,
        labels.value_tier,
        cast(tiers.rank as integer) as tier_rank,
        churn.churn_stage in ('stable', 'not_rated')
        and not coalesce(activity.is_dormant, false)
        and not profiles.is_deceased as is_steady
    from {{ ref('label_value') }} as labels
    inner join {{ ref('tiers') }} as tiers on labels.value_tier = tiers.tier
    inner join {{ ref('label_churn') }} as churn on labels.customer_id = churn.customer_id
    inner join {{ ref('label_activity') }} as activity on labels.customer_id = activity.customer_id
    inner join {{ ref('label_profile') }} as profiles on labels.customer_id = profiles.customer_id
),

introducers as (
    select
        ties.customer_id,
        ties.related_customer_id,
        ties.tie_rank,
        related.value_tier
    from ties
    inner join standing as related on ties.related_customer_id = related.customer_id
    inner join standing as own on ties.customer_id = own.customer_id
    where related.is_steady and related.tier_rank > own.tier_rank
    qualify row_number() over (
        partition by ties.customer_id
        order by ties.tie_rank nulls last, related.tier_rank desc nulls last, ties.related_customer_id nulls last
    ) = 1
),

relatives as (
    select customer_id, related_customer_id
    from ties
    where tie_rank <= 2
),

families as (
    select
        customer_id,
        count(*) as relative_count,
        least(customer_id, min(related_customer_id)) as first_id
    from relatives
    group by customer_id
),

-- the second step: whom the relatives reach
households as (
    select relatives.customer_id, least(max(own.first_id), min(theirs.first_id)) as household_id
    from relatives
    inner join families as own on relatives.customer_id = own.customer_id
    inner join families as theirs on relatives.related_customer_id = theirs.customer_id
    group by relatives.customer_id
),

members as (
    select
        labels.customer_id,
        coalesce(households.household_id, labels.customer_id) as household_id,
        labels.aum
    from {{ ref('label_value') }} as labels
    left join households on labels.customer_id = households.customer_id
),

household_sums as (
    select household_id, sum(aum) as household_aum
    from members
    group by household_id
),

employers as (
    select employer, count(distinct customer_id) as employee_count
    from {{ ref('payroll_credits') }}
    where paid_on > {{ plus_days(as_of(), -90) }} and employer <> ''
    group by employer
),

colleagues as (
    select pay.customer_id, max(employers.employee_count) as employee_count
    from (
        select distinct customer_id, employer
        from {{ ref('payroll_credits') }}
        where paid_on > {{ plus_days(as_of(), -90) }}
    ) as pay
    inner join employers on pay.employer = employers.employer
    group by pay.customer_id
),

transfer_counts as (
    select customer_id, count(*) as tie_count
    from ties_by_transfer
    group by customer_id
),

co_holders as (
    select customer_id from {{ ref('stg_crm__relations') }} where relation_type = 'co_holder'
    union
    select related_customer_id as customer_id from {{ ref('stg_crm__relations') }} where relation_type = 'co_holder'
),

referrals as (
    select referrer_customer_id as customer_id, count(*) as referral_count
    from {{ ref('stg_core__customers') }}
    where referrer_customer_id is not null and opened_on > {{ plus_months(as_of(), -12) }}
    group by referrer_customer_id
),

known as (
    select
        {{ delivered(ref('stg_crm__relations')) }} as knows_relations,
        (select count(people.referrer_customer_id) > 0 from {{ ref('stg_core__customers') }} as people) as knows_referrers,
        coverage.transactions_from <= {{ plus_days(as_of(), -89) }} as knows_pay,
        coverage.transactions_from <= {{ plus_days(plus_months(as_of(), -6), 1) }}
        and {{ delivered("(select counterparty_account from " ~ ref('stg_core__transactions') ~ " where txn_type = 'transfer' and counterparty_account is not null) as given") }}
            as knows_transfers
    from {{ ref('data_coverage') }} as coverage
)

select
    customers.customer_id,
    case when known.knows_relations then cast(1 + coalesce(families.relative_count, 0) as integer) end as household_size,
    case when known.knows_relations then members.household_id end as household_id,
    case when known.knows_relations then {{ money('household_sums.household_aum') }} end as household_aum,
    case when known.knows_pay then cast(coalesce(colleagues.employee_count, 0) as integer) end as employer_group_size,
    case
        when known.knows_pay then coalesce(colleagues.employee_count, 0) >= {{ threshold('employer_group_large_from') }}
    end as is_employer_group_large,
    case when known.knows_transfers then cast(coalesce(transfer_counts.tie_count, 0) as integer) end as transfer_tie_count,
    case when known.knows_relations then coalesce(own_influence.influence, 0) end as influence_degree,
    case when known.knows_referrers then cast(coalesce(referrals.referral_count, 0) as integer) end as referrals_12m,
    case when known.knows_relations then co_holders.customer_id is not null end as has_co_holder,
    introducers.related_customer_id as best_introducer_id,
    introducers.value_tier as best_introducer_tier,
    case introducers.tie_rank{% for tie in tie_order %} when {{ loop.index }} then '{{ tie }}'{% endfor %} end as best_introducer_tie,
    influence.influence as introducer_influence,
    {{ as_of_column() }}
from {{ ref('stg_core__customers') }} as customers
cross join known
left join families on customers.customer_id = families.customer_id
left join referrals on customers.customer_id = referrals.customer_id
left join co_holders on customers.customer_id = co_holders.customer_id
left join introducers on customers.customer_id = introducers.customer_id
left join members on customers.customer_id = members.customer_id
left join household_sums on members.household_id = household_sums.household_id
left join colleagues on customers.customer_id = colleagues.customer_id
left join transfer_counts on customers.customer_id = transfer_counts.customer_id
left join influence as own_influence on customers.customer_id = own_influence.customer_id
left join influence on introducers.related_customer_id = influence.customer_id
