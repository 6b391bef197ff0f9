-- label_potential: what more could this customer do with the bank, and what does the bank owe them?
--
-- One row per customer. Potentials are sums of plain signs, so that a manager can see where a score comes from; a sign
-- that cannot be known adds nothing. Who may not have a product has no potential for it. The next best product is the
-- strongest of what is missing. Assets are held against the four quadrants of Standard & Poor's household chart
-- (标普四象限), with a reference that suits the size of the assets.
{% set is_mid_life = 'profiles.age >= ' ~ threshold('potential_card_age_from') ~ ' and profiles.age <= ' ~ threshold('potential_card_age_to') %}
{% set has_inflow = 'flows.monthly_inflow_median_amount >= ' ~ threshold('potential_inflow_some') %}
{% set signs = {
    'wealth': [
        (30, 'deposits.idle_demand_balance >= ' ~ threshold('idle_funds_from')),
        (15, 'deposits.idle_demand_balance >= ' ~ threshold('potential_idle_some') ~ ' and deposits.idle_demand_balance < ' ~ threshold('idle_funds_from')),
        (20, 'deposits.matures_90d_amount >= ' ~ threshold('idle_funds_from')),
        (20, 'worth.aum_avg_30d >= ' ~ threshold('potential_aum_high')),
        (10, 'worth.aum_avg_30d >= ' ~ threshold('potential_aum_some') ~ ' and worth.aum_avg_30d < ' ~ threshold('potential_aum_high')),
        (15, 'deposits.own_name_outflow_90d_amount >= ' ~ threshold('large_flow_from')),
        (15, 'not (holdings.has_wealth or holdings.has_fund)'),
        (10, 'suitability.max_product_risk >= 2'),
        (10, 'flows.monthly_inflow_median_amount >= ' ~ threshold('potential_inflow_high')),
    ],
    'credit': [
        (40, 'credit.whitelist_product is not null'),
        (20, 'flows.is_payroll'),
        (15, "profiles.customer_kind = 'sole_proprietor' or holdings.has_merchant_contract"),
        (15, 'lending.has_unused_limit'),
        (10, 'lending.has_mortgage'),
        (10, 'not holdings.has_loan_product'),
        (10, has_inflow),
    ],
    'card': [
        (30, 'flows.is_payroll'),
        (20, 'flows.monthly_outflow_median_amount >= ' ~ threshold('potential_outflow_some')),
        (15, "channels.app_tier in ('high', 'medium')"),
        (15, is_mid_life),
        (10, 'holdings.has_payment_binding'),
        (10, 'holdings.has_etc'),
        (10, 'lending.has_mortgage'),
    ],
    'payroll': [
        (50, 'flows.is_payroll_elsewhere'),
        (20, 'flows.is_payroll_stopped'),
        (20, "profiles.customer_kind = 'salaried'"),
        (15, has_inflow),
        (15, 'holdings.has_loan_product'),
    ],
} %}
{% set proposals = [
    ('business_loan', 'not has_business_loan and is_in_business', 'credit_potential + 5'),
    ('wealth', 'not has_wealth', 'wealth_potential'),
    ('consumer_loan', 'not has_consumer_loan', 'credit_potential'),
    ('card', 'not has_credit_card', 'card_potential'),
    ('time', 'not has_time and idle_demand_balance >= ' ~ threshold('potential_idle_some'), "case when family_stage = 'retired' then 70 else 60 end"),
    ('app', 'not has_app', '55'),
    ('payment_binding', 'has_app and not has_payment_binding', '50'),
    ('insurance', 'not has_insurance and age >= ' ~ threshold('insurance_age_from') ~ ' and age <= ' ~ threshold('insurance_age_to')
        ~ " and value_level <> 'low'", "case when family_stage in ('young_children', 'school_children') then 65 else 45 end"),
    ('fund', 'not has_fund and has_wealth and max_product_risk >= 3', 'wealth_potential - 10'),
] %}
{% set quadrants = ['spend', 'protect', 'grow', 'preserve'] %}
with
-- contacts with somebody at the other end
reached as (
    select
        customer_id,
        cast(contacted_at as date) as contacted_on,
        channel
    from {{ ref('stg_crm__contacts') }}
    where customer_id is not null
        and outcome not in ('not_reached', 'wrong_person', 'not_my_customer')
        and cast(contacted_at as date) > {{ plus_days(as_of(), '-' ~ threshold('service_year_days')) }}
),

contacts as (
    select
        customer_id,
        max(contacted_on) as contacted_on,
        max(case when channel in ('visit', 'lobby') then contacted_on end) as met_on,
        max(case when channel = 'visit' then contacted_on end) as visited_on
    from reached
    group by customer_id
),

-- a refusal from before the history stands alone: what else was told by then is not read
history as (
    select {{ days_between(as_of(), "min(greatest(cast(contacted_at as date), cast('" ~ var('history_starts_on') ~ "' as date)))") }} as contact_days
    from {{ ref('stg_crm__contacts') }}
),

facts as (
    select
        worth.customer_id,
        worth.aum,
        worth.value_tier,
        {{ rank_of_tier('worth.value_tier') }} as tier_rank,
        case
            when worth.value_tier in ('long_tail', 'basic') then 'low'
            when worth.value_tier in ('growth', 'wealth') then 'middle'
            when worth.value_tier is not null then 'high'
        end as value_level,
        profiles.age,
        profiles.family_stage,
        profiles.tenure_months,
        profiles.is_deceased,
        profiles.customer_kind = 'sole_proprietor' or holdings.has_merchant_contract as is_in_business,
        holdings.has_time,
        holdings.has_wealth,
        holdings.has_fund,
        holdings.has_insurance,
        -- the product: online, car and student loans are consumer loans, too
        lending.has_consumer_loan or concat(',', coalesce(holdings.products_held, ''), ',') like '%,consumer_loan,%' as has_consumer_loan,
        lending.has_business_loan,
        holdings.has_credit_card,
        holdings.has_app,
        holdings.has_payment_binding,
        holdings.product_count,
        suitability.max_product_risk,
        deposits.idle_demand_balance,
        deposits.matures_15d_amount,
        elsewhere.outside_funds_estimate_amount as outside_amount,
        channels.app_active_days_30d,
        coalesce(profiles.is_minor, false) as is_minor,
        coalesce(lending.is_overdue, false) or coalesce(lending.is_npl, false) as is_bad_payer,
        flows.is_payroll,
        flows.is_pension,
        {%- for potential, points in signs.items() %}
        0{% for weight, sign in points %}
        + case when {{ sign }} then {{ weight }} else 0 end{% endfor %} as {{ potential }}_points,
        {%- endfor %}
        assets.demand_amount as spend_amount,
        assets.insurance_amount as protect_amount,
        assets.wealth_amount + assets.fund_amount as grow_amount,
        assets.time_amount + assets.bond_amount as preserve_amount,
        assets.demand_amount + assets.time_amount + assets.wealth_amount + assets.fund_amount + assets.insurance_amount + assets.bond_amount
            as total_amount,
        contacts.contacted_on,
        contacts.met_on,
        contacts.visited_on,
        history.contact_days
    from {{ ref('label_value') }} as worth
    cross join history
    inner join {{ ref('label_profile') }} as profiles on worth.customer_id = profiles.customer_id
    inner join {{ ref('label_holding') }} as holdings on worth.customer_id = holdings.customer_id
    inner join {{ ref('label_flow') }} as flows on worth.customer_id = flows.customer_id
    inner join {{ ref('label_deposit') }} as deposits on worth.customer_id = deposits.customer_id
    inner join {{ ref('label_channel') }} as channels on worth.customer_id = channels.customer_id
    inner join {{ ref('label_lending') }} as lending on worth.customer_id = lending.customer_id
    inner join {{ ref('label_elsewhere') }} as elsewhere on worth.customer_id = elsewhere.customer_id
    inner join {{ ref('label_suitability') }} as suitability on worth.customer_id = suitability.customer_id
    left join {{ ref('customer_assets') }} as assets on worth.customer_id = assets.customer_id
    left join {{ ref('label_credit') }} as credit on worth.customer_id = credit.customer_id
    left join contacts on worth.customer_id = contacts.customer_id
),

potentials as (
    select
        *,
        cast(case when is_minor then 0 else least(100, wealth_points) end as integer) as wealth_potential,
        cast(case
            when is_minor or is_bad_payer then 0
            when age < {{ threshold('credit_consumer_age_from') }} or age > {{ threshold('credit_consumer_age_to') }} then 0
            else least(100, credit_points)
        end as integer) as credit_potential,
        cast(case
            when has_credit_card is null then null
            when is_minor or is_bad_payer or has_credit_card then 0
            when age < {{ threshold('credit_card_age_from') }} or age > {{ threshold('credit_card_age_to') }} then 0
            else least(100, card_points)
        end as integer) as card_potential,
        cast(case
            when is_minor or is_payroll or is_pension or age >= {{ threshold('senior_age_from') }} then 0
            when is_payroll is null then null
            else least(100, payroll_points)
        end as integer) as payroll_potential
    from facts
),

shares as (
    select
        *,
        greatest(wealth_potential, credit_potential, coalesce(card_potential, 0), coalesce(payroll_potential, 0)) as potential_score,
        {%- for quadrant in quadrants %}
        {{ rate(quadrant ~ '_amount', 'total_amount') }} as {{ quadrant }}_share,
        {%- endfor %}
        {%- for quadrant in quadrants %}
        case value_level
            {%- for level in ['low', 'middle', 'high'] %}
            when '{{ level }}' then cast({{ threshold('quadrant_' ~ level ~ '_' ~ quadrant) }} as decimal(9, 6))
            {%- endfor %}
        end - {{ quadrant }}_share as {{ quadrant }}_gap,
        {%- endfor %}
        -- the score and, below it, the place in the order of proposals: unique, so that there is one best and one next
        {%- for product, is_open, score in proposals %}
        case
            when not is_minor and {{ is_open }} and {{ score }} >= {{ threshold('next_best_from') }} then ({{ score }}) * 100 + {{ 100 - loop.index }}
            else 0
        end as open_{{ product }},
        {%- endfor %}
        cast(coalesce(tier_rank - 1, 0) * {{ threshold('growth_points_tier') }}
            + product_count * {{ threshold('growth_points_product') }}
            + coalesce(app_active_days_30d, 0) * {{ threshold('growth_points_app_day') }}
            + least(floor(coalesce(tenure_months, 0) / 12), {{ threshold('growth_years_most') }}) * {{ threshold('growth_points_year') }} as integer)
            as growth_points
    from potentials
),

-- what the tier's standard owes and nobody has done; a customer younger here than the span is owed nothing yet
gaps as (
    select
        *,
        greatest(spend_gap, protect_gap, grow_gap, preserve_gap) as widest_gap,
        greatest({% for product, _, _ in proposals %}open_{{ product }}{{ ', ' if not loop.last }}{% endfor %}) as best,
        not is_deceased
        and tier_rank >= 4
        and tenure_months >= 3
        and contact_days >= case when tier_rank >= 7 then {{ threshold('service_contact_days_private') }} else {{ threshold('service_contact_days') }} end
        and coalesce({{ days_between(as_of(), 'contacted_on') }}, 9999)
        >= case when tier_rank >= 7 then {{ threshold('service_contact_days_private') }} else {{ threshold('service_contact_days') }} end as owes_contact,
        not is_deceased
        and tier_rank >= 3
        and matures_15d_amount >= {{ threshold('service_maturity_from') }}
        and contact_days >= {{ threshold('service_maturity_days') }}
        and coalesce({{ days_between(as_of(), 'contacted_on') }}, 9999) >= {{ threshold('service_maturity_days') }} as owes_maturity_call,
        not is_deceased
        and tier_rank >= 5
        and tenure_months >= 12
        and contact_days >= {{ threshold('service_year_days') }}
        and met_on is null as owes_review,
        not is_deceased
        and tier_rank >= 6
        and tenure_months >= 12
        and contact_days >= {{ threshold('service_year_days') }}
        and visited_on is null as owes_visit
    from shares
),

ranked as (
    select
        *,
        greatest({% for product, _, _ in proposals %}case when open_{{ product }} < best then open_{{ product }} else 0 end{{ ', ' if not loop.last }}{% endfor %})
            as second_best
    from gaps
)

select
    customer_id,
    wealth_potential,
    credit_potential,
    card_potential,
    payroll_potential,
    potential_score,
    case when value_level is not null then concat(value_level, '/', case
        when potential_score >= {{ threshold('potential_high_from') }} then 'high'
        when potential_score >= {{ threshold('potential_middle_from') }} then 'middle'
        else 'low'
    end) end as value_potential_grid,
    {{ rate('aum', 'aum + outside_amount') }} as share_of_wallet_rate,
    case
        {%- for product, _, _ in proposals %}
        when best > 0 and open_{{ product }} = best then '{{ product }}'
        {%- endfor %}
    end as next_best_product,
    case
        {%- for product, _, _ in proposals %}
        when second_best > 0 and open_{{ product }} = second_best then '{{ product }}'
        {%- endfor %}
    end as next_best_product_2,
    {%- for quadrant in quadrants %}
    {{ quadrant }}_share as asset_{{ quadrant }}_share,
    {%- endfor %}
    case
        {%- for quadrant in quadrants %}
        when widest_gap > 0 and {{ quadrant }}_gap = widest_gap then '{{ quadrant }}'
        {%- endfor %}
    end as asset_widest_gap,
    case when widest_gap > 0 then cast(floor(widest_gap * 100 + 0.5) as integer) end as asset_widest_gap_points,
    growth_points,
    case
        {%- for level in [6, 5, 4, 3, 2] %}
        when growth_points >= {{ threshold('growth_level_' ~ level) }} then {{ level }}
        {%- endfor %}
        else 1
    end as growth_level,
    nullif(concat_ws(
        ','
        {%- for each in var('growth_benefits') %},
        case when growth_points >= {{ threshold('growth_level_' ~ each.level) if each.level > 1 else 0 }} then '{{ each.benefit }}' end
        {%- endfor %}
    ), '') as growth_benefits,
    case when contact_days is not null then cast(
        case when owes_contact then 1 else 0 end
        + case when owes_maturity_call then 1 else 0 end
        + case when owes_review then 1 else 0 end
        + case when owes_visit then 1 else 0 end as integer) end as service_gap_count,
    case when contact_days is not null then nullif(concat_ws(
        ',',
        case when owes_contact then 'contact' end,
        case when owes_maturity_call then 'maturity_call' end,
        case when owes_review then 'review' end,
        case when owes_visit then 'visit' end
    ), '') end as service_gaps,
    {{ as_of_column() }}
from ranked
