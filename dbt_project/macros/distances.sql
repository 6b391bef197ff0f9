{# Great-circle distance in km between two points in degrees, null where a coordinate is. Row by row only: the last digits
   differ between engines. #}
{% macro kilometres(latitude, longitude, other_latitude, other_longitude) -%}
case when {{ latitude }} is not null and {{ longitude }} is not null and {{ other_latitude }} is not null and {{ other_longitude }} is not null then 2 * 6371.0088 * asin(least(1.0, sqrt(
    power(sin(radians({{ other_latitude }} - {{ latitude }}) / 2), 2)
    + cos(radians({{ latitude }})) * cos(radians({{ other_latitude }})) * power(sin(radians({{ other_longitude }} - {{ longitude }}) / 2), 2)
))) end
{%- endmacro %}

{# Branches and outlets open on the business date, each once for every coarse cell that it can serve: of 0.2 by 0.4 degrees,
   at least 20 km each way up to 60 degrees north, its own and the eight around it. Who stands in a cell meets every branch
   within 20 km by joining on coarse_y and coarse_x. Columns: branch_id, latitude, longitude, coarse_y, coarse_x. #}
{% macro branches_in_reach() -%}
select
        branch_id,
        latitude,
        longitude,
        cast(floor(latitude / 0.2) as integer) + steps_y.step as coarse_y,
        cast(floor(longitude / 0.4) as integer) + steps_x.step as coarse_x
    from {{ ref('stg_core__branches') }}
    cross join (values (-1), (0), (1)) as steps_y (step)
    cross join (values (-1), (0), (1)) as steps_x (step)
    where level in ('branch', 'outlet')
        and (closed_on is null or closed_on > {{ as_of() }})
        and latitude is not null
        and longitude is not null
{%- endmacro %}
