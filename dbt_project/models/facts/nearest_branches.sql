-- nearest_branches: which branch with a counter is nearest to each customer's home, and how far is it?
--
-- One row per customer with an open branch or outlet within 20 km of a known home. Not every customer is held against
-- every branch: homes are gathered in cells of 0.01 degrees, about 1 km. A branch can be the nearest of some point of a
-- cell only when it is at most two half-diagonals (1.6 km) farther from the cell's centre than the branch nearest to
-- that centre; that leaves one to three candidates, and the choice among them is exact. Cells meet branches through
-- coarse cells (branches_in_reach).
with reach as (
    {{ branches_in_reach() }}
),

homes as (
    select
        customer_id,
        latitude,
        longitude,
        cast(floor(latitude * 100) as integer) as cell_y,
        cast(floor(longitude * 100) as integer) as cell_x
    from {{ ref('stg_core__customers') }}
    where latitude is not null and longitude is not null
),

cells as (
    select distinct
        cell_y,
        cell_x,
        cast(cell_y + 0.5 as double) / 100 as latitude,
        cast(cell_x + 0.5 as double) / 100 as longitude,
        cast(floor(cast(cell_y as double) / 20) as integer) as coarse_y,
        cast(floor(cast(cell_x as double) / 40) as integer) as coarse_x
    from homes
),

cell_distances as (
    select
        cells.cell_y,
        cells.cell_x,
        reach.branch_id,
        reach.latitude,
        reach.longitude,
        {{ kilometres('cells.latitude', 'cells.longitude', 'reach.latitude', 'reach.longitude') }} as centre_km
    from cells
    inner join reach on cells.coarse_y = reach.coarse_y and cells.coarse_x = reach.coarse_x
),

candidates as (
    select *
    from cell_distances
    qualify centre_km <= min(centre_km) over (partition by cell_y, cell_x) + 1.6
),

distances as (
    select
        homes.customer_id,
        candidates.branch_id,
        cast(floor(({{ kilometres('homes.latitude', 'homes.longitude', 'candidates.latitude', 'candidates.longitude') }}) * 100 + 0.5) / 100 as decimal(9, 2))
            as distance_km
    from homes
    inner join candidates on homes.cell_y = candidates.cell_y and homes.cell_x = candidates.cell_x
)

select
    customer_id,
    branch_id,
    distance_km,
    {{ as_of_column() }}
from distances
where distance_km <= {{ threshold('nearest_branch_km') }}
qualify row_number() over (partition by customer_id order by distance_km nulls last, branch_id nulls last) = 1
