-- surroundings: what lies around the branches, and how many of its people are customers?
--
-- One row per place, village and registered business. A village belongs to its branch; a place or a business to the
-- nearest open branch or outlet within 20 km (threshold nearest_branch_km). Of a business the owner counts as a customer
-- when the identity hash or the mobile is a customer's; of a village, who has it as address; of a community, who lives
-- within half a kilometre (threshold surroundings_km). Of the other places people come from everywhere: unknown.
with reach as (
    {{ branches_in_reach() }}
),

living as (
    select customer_id, id_hash, mobile, village_code, latitude, longitude
    from {{ ref('stg_core__customers') }}
    where not coalesce(is_deceased, false)
),

owners as (
    select distinct businesses.registration_no
    from {{ ref('stg_external__business_registry') }} as businesses
    inner join living on businesses.owner_id_hash = living.id_hash
    union
    select distinct businesses.registration_no
    from {{ ref('stg_external__business_registry') }} as businesses
    inner join living on businesses.owner_mobile = living.mobile
),

villagers as (
    select village_code, count(*) as customer_count
    from living
    where village_code is not null
    group by village_code
),

-- cells of 0.01 degrees, about 1 km: who lives within half a kilometre lives in the same cell or in one beside it
communities as (
    select
        places.place_id,
        places.latitude,
        places.longitude,
        cast(floor(places.latitude * 100) as integer) + steps_y.step as cell_y,
        cast(floor(places.longitude * 100) as integer) + steps_x.step as cell_x
    from {{ ref('stg_external__places') }} as places
    cross join (values (-1), (0), (1)) as steps_y (step)
    cross join (values (-1), (0), (1)) as steps_x (step)
    where places.kind = 'community'
),

neighbours as (
    select communities.place_id, count(*) as customer_count
    from communities
    inner join living
        on communities.cell_y = cast(floor(living.latitude * 100) as integer)
        and communities.cell_x = cast(floor(living.longitude * 100) as integer)
    where {{ kilometres('communities.latitude', 'communities.longitude', 'living.latitude', 'living.longitude') }} <= {{ threshold('surroundings_km') }}
    group by communities.place_id
),

things as (
    select
        'place' as kind,
        places.place_id as surrounding_id,
        places.place_name as surrounding_name,
        places.kind as category,
        places.latitude,
        places.longitude,
        places.households_or_stalls as size_count,
        case when places.kind = 'community' then coalesce(neighbours.customer_count, 0) end as customer_count,
        places.partner_status,
        cast(null as {{ dbt.type_string() }}) as assigned_branch_id
    from {{ ref('stg_external__places') }} as places
    left join neighbours on places.place_id = neighbours.place_id
    union all
    select
        'village' as kind,
        villages.village_code as surrounding_id,
        villages.village_name as surrounding_name,
        'village' as category,
        villages.latitude,
        villages.longitude,
        villages.households as size_count,
        coalesce(villagers.customer_count, 0) as customer_count,
        case when villages.census_done_on is not null then 'census_done' else 'none' end as partner_status,
        villages.branch_id as assigned_branch_id
    from {{ ref('stg_external__villages') }} as villages
    left join villagers on villages.village_code = villagers.village_code
    union all
    select
        'business' as kind,
        businesses.registration_no as surrounding_id,
        businesses.business_name as surrounding_name,
        businesses.industry as category,
        businesses.latitude,
        businesses.longitude,
        1 as size_count,
        case
            when owners.registration_no is not null then 1
            when businesses.owner_id_hash is not null or businesses.owner_mobile is not null then 0
        end as customer_count,
        cast(null as {{ dbt.type_string() }}) as partner_status,
        cast(null as {{ dbt.type_string() }}) as assigned_branch_id
    from {{ ref('stg_external__business_registry') }} as businesses
    left join owners on businesses.registration_no = owners.registration_no
    where businesses.status = 'active'
),

distances as (
    select
        things.kind,
        things.surrounding_id,
        reach.branch_id,
        cast(floor(({{ kilometres('things.latitude', 'things.longitude', 'reach.latitude', 'reach.longitude') }}) * 100 + 0.5) / 100 as decimal(9, 2))
            as distance_km
    from things
    inner join reach
        on cast(floor(things.latitude / 0.2) as integer) = reach.coarse_y and cast(floor(things.longitude / 0.4) as integer) = reach.coarse_x
    where things.assigned_branch_id is null or things.assigned_branch_id = reach.branch_id
),

nearest as (
    select *
    from distances
    where distance_km <= {{ threshold('nearest_branch_km') }}
    qualify row_number() over (partition by kind, surrounding_id order by distance_km nulls last, branch_id nulls last) = 1
)

select
    things.kind,
    things.surrounding_id,
    things.surrounding_name,
    things.category,
    things.latitude,
    things.longitude,
    coalesce(things.assigned_branch_id, nearest.branch_id) as branch_id,
    nearest.distance_km,
    cast(things.size_count as integer) as size_count,
    cast(things.customer_count as integer) as customer_count,
    things.partner_status,
    {{ as_of_column() }}
from things
left join nearest on things.kind = nearest.kind and things.surrounding_id = nearest.surrounding_id
