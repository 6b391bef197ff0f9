-- list_sole_proprietor 个体工商户: which customer runs a registered business, and what does it still lack here?
--
-- Who: the owner of an active registered business is a customer (by identity hash, else by mobile) and misses a core
-- product. Of several businesses the oldest counts. Businesses of nobody here are outreach, another list's.
-- Order: penetration points missing, settlement, age of the business, distance.
{% call(rule) marketing_list() %}
with businesses as (
    select registration_no, owner_id_hash, owner_mobile, registered_on
    from {{ ref('stg_external__business_registry') }}
    where status = 'active'
),

owners as (
    select customers.customer_id, businesses.registration_no, businesses.registered_on
    from businesses
    inner join {{ ref('stg_core__customers') }} as customers on businesses.owner_id_hash = customers.id_hash
    union
    select customers.customer_id, businesses.registration_no, businesses.registered_on
    from businesses
    inner join {{ ref('stg_core__customers') }} as customers on businesses.owner_mobile = customers.mobile
    where businesses.owner_id_hash is null
),

oldest as (
    select *
    from owners
    qualify row_number() over (partition by customer_id order by registered_on asc nulls last, registration_no asc nulls last) = 1
)

select
    labels.customer_id as subject_id,
    cast(null as decimal(18, 2)) as stake_amount,
    cast(null as date) as due_on,
    {{ full_months_between(as_of(), 'oldest.registered_on') }} as registered_months,
    surroundings.distance_km as business_distance_km
from oldest
inner join {{ ref('customer_labels') }} as labels on oldest.customer_id = labels.customer_id
left join {{ ref('surroundings') }} as surroundings
    on surroundings.kind = 'business' and oldest.registration_no = surroundings.surrounding_id
where labels.core_products_missing_count >= {{ threshold('sole_proprietor_missing_from', rule) }}
{% endcall %}
