-- list_business_outreach 商户外拓: which businesses around a branch bank elsewhere?
--
-- Who: registered businesses whose owner is no customer, within walking distance of a branch.
-- Order: distance, trade that takes payments all day, how new the business is.
{% call(rule) marketing_list('prospects', 'prospect_id') %}
select
    prospects.prospect_id as subject_id,
    cast(null as decimal(18, 2)) as stake_amount,
    cast(null as date) as due_on,
    surroundings.distance_km as business_distance_km,
    cast({{ days_between(as_of(), 'businesses.registered_on') }} as integer) as business_age_days
from {{ ref('prospects') }} as prospects
inner join {{ ref('surroundings') }} as surroundings
    on surroundings.kind = 'business' and prospects.source_key = surroundings.surrounding_id
inner join {{ ref('stg_external__business_registry') }} as businesses on prospects.source_key = businesses.registration_no
where prospects.origin = 'registry'
    and surroundings.distance_km <= {{ threshold('outreach_distance_km', rule) }}
{% endcall %}
