-- report_branch_map 存量图: where are each branch's customers, and who are they?
--
-- One row per home branch, view and its keys: view grid by cell of 0.01 degrees (about 1 km) and value tier; view
-- segment by distance band, segment and value tier. Distances are from the home branch, as the crow flies.
with homes as (
    select
        customers.customer_id,
        customers.home_branch_id as branch_id,
        cast(floor(customers.latitude * 100) as integer) as cell_y,
        cast(floor(customers.longitude * 100) as integer) as cell_x,
        -- the distance from nowhere is none
        case when customers.latitude is not null and customers.longitude is not null and branches.latitude is not null and branches.longitude is not null
            then cast(floor(({{ kilometres('customers.latitude', 'customers.longitude', 'branches.latitude', 'branches.longitude') }}) * 100 + 0.5) / 100 as decimal(9, 2)) end
            as distance_km
    from {{ ref('stg_core__customers') }} as customers
    left join {{ ref('stg_core__branches') }} as branches on customers.home_branch_id = branches.branch_id
),

customers as (
    select
        homes.customer_id,
        homes.branch_id,
        {{ distance_band('homes.distance_km') }} as distance_band,
        homes.cell_y,
        homes.cell_x,
        coalesce(labels.value_tier, 'unknown') as value_tier,
        labels.aum
    from homes
    inner join {{ ref('customer_labels') }} as labels on homes.customer_id = labels.customer_id
    where not labels.is_deceased
)

select
    branch_id,
    'grid' as view,
    min(distance_band) as distance_band,
    case when cell_y is not null and cell_x is not null then concat({{ as_text('cell_y') }}, ',', {{ as_text('cell_x') }}) else 'unknown' end as grid_cell,
    cast(cell_y + 0.5 as double) / 100 as latitude,
    cast(cell_x + 0.5 as double) / 100 as longitude,
    '*' as segment,
    value_tier,
    cast(count(*) as integer) as customer_count,
    {{ money('sum(aum)') }} as aum,
    {{ as_of_column() }}
from customers
group by branch_id, cell_y, cell_x, value_tier
union all
select
    customers.branch_id,
    'segment' as view,
    customers.distance_band,
    '*' as grid_cell,
    cast(null as double) as latitude,
    cast(null as double) as longitude,
    segments.segment,
    customers.value_tier,
    cast(count(*) as integer) as customer_count,
    {{ money('sum(customers.aum)') }} as aum,
    {{ as_of_column() }}
from {{ ref('customer_segments') }} as segments
inner join customers on segments.customer_id = customers.customer_id
where segments.segment not like '%:%'
group by customers.branch_id, customers.distance_band, segments.segment, customers.value_tier
