-- report_branch_surroundings 外拓生态图: what is around each branch, and how much of it is ours?
--
-- One row per branch and thing on the map: each place and village by itself, businesses by industry and distance band.
-- No owner of a business is named here.
with things as (
    select
        *,
        {{ distance_band('distance_km') }} as distance_band
    from {{ ref('surroundings') }}
    where branch_id is not null
)

select
    branch_id,
    kind,
    category,
    surrounding_id,
    surrounding_name,
    distance_band,
    distance_km,
    latitude,
    longitude,
    1 as thing_count,
    size_count,
    customer_count,
    {{ rate('customer_count', 'size_count') }} as penetration_rate,
    partner_status,
    {{ as_of_column() }}
from things
where kind <> 'business'
union all
select
    branch_id,
    'business' as kind,
    category,
    '' as surrounding_id,
    category as surrounding_name,
    distance_band,
    cast(null as decimal(9, 2)) as distance_km,
    cast(null as double) as latitude,
    cast(null as double) as longitude,
    cast(count(*) as integer) as thing_count,
    cast(sum(size_count) as integer) as size_count,
    cast(sum(customer_count) as integer) as customer_count,
    {{ rate('sum(customer_count)', 'sum(case when customer_count is not null then 1 else 0 end)') }} as penetration_rate,
    cast(null as {{ dbt.type_string() }}) as partner_status,
    {{ as_of_column() }}
from things
where kind = 'business'
group by branch_id, category, distance_band
