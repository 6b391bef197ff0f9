-- app_use: how much does each customer use the mobile bank?
--
-- One row per customer with a log-in in the year before the last 30 days (recent_since), or in those. A day with ten log-ins
-- is one day. weeks_45d: the calendar weeks of the last 45 days with a log-in, as bits of one number; a feature's _90d:
-- its most uses on a day.
{% set columns = app_use_columns() %}
with uses as (
    {{ app_use_of('biz_date > ' ~ late_to('channels.app_activity')) }}
    union all
    select customer_id, {{ columns | join(', ') }}
    from {{ ref('earlier_app_use') }}
)

select
    customer_id,
    {%- for name, (how, value) in columns.items() %}
    {{ put_together(how, name) }} as {{ name }},
    {%- endfor %}
    {{ as_of_column() }}
from uses
group by customer_id
