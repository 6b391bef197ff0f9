-- label_profile: who is this customer, and on which channels may the bank speak to them?
--
-- One row per customer. Marketing needs a consent that is given and not outdated, and no refusal of profiling; service
-- needs neither. Every channel needs its contact data, and falls away once refused. A missing consent is no consent.
-- The family stage rests on what is recorded (age, marriage, relations), youngest known child first: a school child in
-- the house says more about the next years than its parents' age.
{% set assumed = var('consent_assumed') %}
with customers as (
    select
        *,
        {{ full_months_between(as_of(), 'birth_date') }} as age_months,
        -- a test setting: nobody's consent was delivered, so it is assumed where it is not given or refused
        coalesce(marketing_consent, {{ 'true' if assumed else 'false' }})
        and coalesce(consent_updated_on >= {{ plus_months(as_of(), '-' ~ threshold('consent_valid_months')) }}, true)
            as has_consent,
        coalesce(profiling_refused, false) as has_refused_profiling,
        not coalesce(do_not_contact, false) and not coalesce(is_deceased, false) and not coalesce(is_staff, false) as is_contactable,
        mobile is not null{{ ' or true' if assumed }} as has_mobile,
        address is not null{{ ' or true' if assumed }} as has_address
    from {{ ref('stg_core__customers') }}
),

refusals as (
    select
        customer_id,
        {% for channel in ['call', 'sms', 'wecom', 'visit'] -%}
        max(case when channel = '{{ channel }}' then 1 else 0 end) as {{ channel }}_refused{{ ',' if not loop.last }}
        {% endfor %}
    from {{ ref('stg_crm__channel_preferences') }}
    where is_refused
    group by customer_id
),

-- who is known as somebody's parent, and how old the youngest of these children is
children as (
    select
        relations.related_customer_id as customer_id,
        min(floor({{ full_months_between(as_of(), 'children.birth_date') }} / 12)) as youngest_age
    from {{ ref('stg_crm__relations') }} as relations
    inner join {{ ref('stg_core__customers') }} as children on relations.customer_id = children.customer_id
    where relations.relation_type = 'parent' and children.birth_date is not null
    group by relations.related_customer_id
),

spouses as (
    select customer_id from {{ ref('stg_crm__relations') }} where relation_type = 'spouse'
    union
    select related_customer_id as customer_id from {{ ref('stg_crm__relations') }} where relation_type = 'spouse'
),

tuition as (
    select customer_id, count(*) as payment_count
    from {{ ref('recognised_payments') }}
    where kind = 'tuition' and biz_date > {{ plus_days(as_of(), -180) }}
    group by customer_id
),

known as (
    select
        customers.*,
        coalesce(tuition.payment_count >= {{ threshold('parents_tuition_payments') }}, false) as pays_tuition,
        children.youngest_age,
        customers.marital_status = 'married' or spouses.customer_id is not null as is_married,
        cast(floor(customers.age_months / 12) as integer) as age,
        case
            when customers.birth_date is null then null
            when {{ plus_months('customers.birth_date', 'floor(customers.age_months / 12) * 12') }} = {{ as_of() }} then {{ as_of() }}
            else {{ plus_months('customers.birth_date', 'floor(customers.age_months / 12) * 12 + 12') }}
        end as next_birthday_on,
        customers.is_contactable and customers.has_mobile and coalesce(refusals.call_refused, 0) = 0 as can_call,
        customers.is_contactable and customers.has_mobile and coalesce(refusals.sms_refused, 0) = 0 as can_sms,
        customers.is_contactable and friends.customer_id is not null and coalesce(refusals.wecom_refused, 0) = 0 as can_wecom,
        customers.is_contactable and customers.has_address and coalesce(refusals.visit_refused, 0) = 0 as can_visit
    from customers
    left join refusals on customers.customer_id = refusals.customer_id
    left join {{ ref('wecom_friends') }} as friends on customers.customer_id = friends.customer_id
    left join children on customers.customer_id = children.customer_id
    left join spouses on customers.customer_id = spouses.customer_id
    left join tuition on customers.customer_id = tuition.customer_id
),

kinds as (
    select
        known.*,
        case
            when known.occupation = 'farmer' then 'villager'
            when known.occupation = 'retired' then 'retiree'
            when known.occupation in ('salaried', 'sole_proprietor', 'student') then known.occupation
            when flows.is_pension then 'retiree'
            when flows.is_payroll then 'salaried'
            when known.village_code is not null then 'villager'
            when known.occupation is not null then 'other'
        end as customer_kind
    from known
    inner join {{ ref('label_flow') }} as flows on known.customer_id = flows.customer_id
)

select
    known.customer_id,
    known.gender,
    known.age,
    case
        when known.age < 18 then '<18'
        when known.age < 25 then '18-24'
        when known.age < 35 then '25-34'
        when known.age < 45 then '35-44'
        when known.age < 55 then '45-54'
        when known.age < 65 then '55-64'
        when known.age >= 65 then '65+'
    end as age_band,
    {{ full_months_between(as_of(), 'known.opened_on') }} as tenure_months,
    {{ days_between(as_of(), 'known.opened_on') }} <= {{ threshold('new_customer_days') }} as is_new_customer,
    known.home_branch_id,
    known.manager_id,
    coalesce(known.is_staff, false) as is_staff,
    coalesce(known.is_deceased, false) as is_deceased,
    coalesce(known.do_not_contact, false) as is_do_not_contact,
    known.has_refused_profiling as is_profiling_refused,
    known.has_consent as has_marketing_consent,
    {%- for channel in ['call', 'sms', 'wecom', 'visit'] %}
    known.can_{{ channel }} and known.has_consent and not known.has_refused_profiling as can_{{ channel }}_marketing,
    {%- endfor %}
    {%- for channel in ['call', 'sms', 'wecom', 'visit'] %}
    known.can_{{ channel }} as can_{{ channel }}_service,
    {%- endfor %}
    {{ days_between('known.next_birthday_on', as_of()) }} as birthday_in_days,
    known.customer_kind,
    known.age < {{ threshold('adult_age') }} as is_minor,
    case
        when known.age < {{ threshold('adult_age') }} then 'minor'
        when known.youngest_age < {{ threshold('school_age') }} then 'young_children'
        when known.youngest_age < {{ threshold('adult_age') }} or known.pays_tuition then 'school_children'
        when known.customer_kind = 'retiree' or known.age >= {{ threshold('senior_age_from') }} then 'retired'
        when known.youngest_age is not null or (known.is_married and known.age >= {{ threshold('empty_nest_age') }}) then 'empty_nest'
        when known.is_married and known.age is not null then 'couple'
        when known.marital_status in ('single', 'divorced', 'widowed') and known.age < {{ threshold('young_single_below') }} then 'single_young'
        when known.marital_status in ('single', 'divorced', 'widowed') and known.age is not null then 'single'
    end as family_stage,
    known.village_code,
    branches.branch_id as nearest_branch_id,
    branches.distance_km as distance_to_nearest_branch_km,
    {{ as_of_column() }}
from kinds as known
left join {{ ref('nearest_branches') }} as branches on known.customer_id = branches.customer_id
