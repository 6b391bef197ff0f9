-- label_preference: which way of dealing with the bank comes closest to this customer's?
--
-- One row per customer. The nearest of the centroids that the last monthly fit found (var preference_centroids; see
-- mingdan.clusters); ties go to the first name. Who has done nothing at all is apart.
{% set centroids = var('preference_centroids', {}) %}
{% set names = centroids.keys() | sort %}
with distances as (
    select
        customer_id,
        {% for name in names -%}
        {{ squared_distance(centroids[name]) }} as to_{{ name }},
        {% endfor -%}
        has_behaviour
    from {{ ref('preference_features') }}
)

select
    customer_id,
    case
        when not has_behaviour then 'no_behaviour'
        {%- for name in names %}
        when to_{{ name }} <= least({% for other in names %}to_{{ other }}{{ ', ' if not loop.last }}{% endfor %}) then '{{ name }}'
        {%- endfor %}
    end as preference_cluster,
    {{ as_of_column() }}
from distances
