{{ config(materialized='view') }}
-- subjects: whom can a list be about, and what must delivery know of them?
--
-- One row per customer, prospect and corporate. What a rule of delivery reads stands here for all three. Prospects may be
-- approached only on the ground that their source states: without one there is no consent. Of them and of companies
-- nothing is held that consent, overdue or suitability rules could read, so these say what the law would: no debt here,
-- nothing riskier than a deposit. Companies are called on at their office, by the manager who looks after them.
{% set channels = ['call', 'sms', 'wecom', 'visit'] %}
{% set string = dbt.type_string() %}
select
    'customer' as subject_type,
    labels.customer_id as subject_id,
    labels.home_branch_id,
    labels.nearest_branch_id,
    labels.manager_id,
    customers.full_name,
    customers.mobile,
    labels.gender,
    labels.age_band,
    labels.value_tier,
    labels.products_held,
    labels.products_missing,
    labels.aum,
    labels.risk_level,
    labels.max_product_risk,
    labels.is_staff,
    labels.is_deceased,
    labels.is_minor,
    labels.is_do_not_contact,
    labels.has_marketing_consent,
    labels.is_profiling_refused,
    labels.is_overdue,
    labels.is_npl,
    {%- for channel in channels %}
    labels.can_{{ channel }}_marketing,
    labels.can_{{ channel }}_service{{ ',' if not loop.last }}
    {%- endfor %}
from {{ ref('customer_labels') }} as labels
inner join {{ ref('stg_core__customers') }} as customers on labels.customer_id = customers.customer_id
union all
select
    'prospect' as subject_type,
    prospects.prospect_id,
    prospects.branch_id as home_branch_id,
    prospects.branch_id as nearest_branch_id,
    villages.grid_manager_id,
    coalesce(businesses.owner_name, people.prospect_name),
    coalesce(businesses.owner_mobile, people.prospect_mobile),
    cast(null as {{ string }}),
    cast(null as {{ string }}),
    cast(null as {{ string }}),
    cast(null as {{ string }}),
    cast(null as {{ string }}),
    cast(null as decimal(18, 2)),
    cast(null as integer),
    1,
    false,
    false,
    false,
    false,
    prospects.contact_ground is not null,
    false,
    false,
    false,
    {%- for channel in channels %}
    {%- for purpose in ['marketing', 'service'] %}
    {{ {'call': 'prospects.has_mobile', 'visit': 'true'}.get(channel, 'false') }} as can_{{ channel }}_{{ purpose }}{{ ',' if not (loop.last and channel == 'visit') }}
    {%- endfor %}
    {%- endfor %}
from {{ ref('prospects') }} as prospects
left join {{ ref('stg_external__business_registry') }} as businesses
    on prospects.origin = 'registry' and prospects.source_key = businesses.registration_no
left join (
    select
        case when origin = 'village_census' then 'census' else 'whitelist' end as origin,
        coalesce(id_hash, prospect_mobile, prospect_name) as source_key,
        max(prospect_name) as prospect_name,
        max(prospect_mobile) as prospect_mobile
    from {{ ref('stg_lending__loan_whitelist') }}
    where customer_id is null
    group by case when origin = 'village_census' then 'census' else 'whitelist' end, coalesce(id_hash, prospect_mobile, prospect_name)
) as people on prospects.origin = people.origin and prospects.source_key = people.source_key
left join {{ ref('stg_external__villages') }} as villages on prospects.village_code = villages.village_code
union all
select
    'corporate' as subject_type,
    corporate_id,
    branch_id as home_branch_id,
    branch_id as nearest_branch_id,
    manager_id,
    corporate_name,
    cast(null as {{ string }}),
    cast(null as {{ string }}),
    cast(null as {{ string }}),
    cast(null as {{ string }}),
    cast(null as {{ string }}),
    cast(null as {{ string }}),
    balance,
    cast(null as integer),
    1,
    false,
    false,
    false,
    false,
    true,
    false,
    false,
    false,
    {%- for channel in channels %}
    {%- for purpose in ['marketing', 'service'] %}
    {{ 'true' if channel in ['call', 'visit'] else 'false' }} as can_{{ channel }}_{{ purpose }}{{ ',' if not (loop.last and channel == 'visit') }}
    {%- endfor %}
    {%- endfor %}
from {{ ref('stg_crm__corporates') }}
