-- label_relation: who stands close to this customer, and who of them could introduce a product?
--
-- One row per customer. Family comes before business, business before mere transfers; among equals the higher tier. An
-- introducer is of a higher value tier and in a steady state: who is leaving or asleep recommends nobody. Ties count in
-- both directions. An account that more than 50 others of the bank deal with is a shop or a landlord, no tie.
{% set tie_order = ['spouse', 'parent', 'co_holder', 'guarantor', 'referrer', 'transfer'] %}
with transfers as (
    select moves.account_id, moves.counterparty_account, count(*) as transfer_count
    from {{ ref('stg_core__transactions') }} as moves
    inner join {{ ref('stg_core__accounts') }} as accounts on moves.counterparty_account = accounts.account_id
    where moves.txn_type = 'transfer' and moves.biz_date > {{ plus_months(as_of(), -6) }}
    group by moves.account_id, moves.counterparty_account
),

crowded as (
    select account_id
    from transfers
    group by account_id
    having count(*) > {{ threshold('transfer_tie_max_counterparties') }}
),

transfer_ties as (
    select payers.customer_id, payees.customer_id as related_customer_id
    from transfers
    inner join {{ ref('stg_core__accounts') }} as payers on transfers.account_id = payers.account_id
    inner join {{ ref('stg_core__accounts') }} as payees on transfers.counterparty_account = payees.account_id
    anti join crowded on transfers.account_id = crowded.account_id
    anti join crowded as crowded_payees on transfers.counterparty_account = crowded_payees.account_id
    where payers.customer_id <> payees.customer_id
    group by payers.customer_id, payees.customer_id
    having sum(transfers.transfer_count) >= {{ threshold('transfer_tie_min_transfers') }}
),

told as (
    select customer_id, related_customer_id, relation_type as tie
    from {{ ref('stg_crm__relations') }}
    where relation_type <> 'employer'
    union all
    select customer_id, referrer_customer_id as related_customer_id, 'referrer' as tie
    from {{ ref('stg_core__customers') }}
    where referrer_customer_id is not null
    union all
    select customer_id, related_customer_id, 'transfer' as tie
    from transfer_ties
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

families as (
    select customer_id, count(*) as relative_count
    from ties
    where tie_rank <= 2
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
        (select count(referrer_customer_id) > 0 from {{ ref('stg_core__customers') }}) as knows_referrers
)

select
    customers.customer_id,
    case when known.knows_relations then cast(1 + coalesce(families.relative_count, 0) as integer) end as household_size,
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
left join influence on introducers.related_customer_id = influence.customer_id
