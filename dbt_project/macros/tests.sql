{# Grain: each row has the column's value, and has it alone. One test for both: each costs a round of dbt. #}
{% test key(model, column_name) %}
select {{ column_name }}, count(*) as row_count
from {{ model }}
group by {{ column_name }}
having count(*) > 1 or {{ column_name }} is null
{% endtest %}

{# Grain: no two rows share these columns. #}
{% test unique_together(model, columns) %}
select {{ columns | join(', ') }}, count(*) as row_count
from {{ model }}
group by {{ columns | join(', ') }}
having count(*) > 1
{% endtest %}
