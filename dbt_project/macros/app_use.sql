{# Log-ins to the mobile bank of the days for which `days` holds, one row per customer and day. #}
{% macro login_days(days) -%}
select *
from {{ ref('stg_channels__app_activity') }}
where login_count > 0 and {{ days }}
{%- endmacro %}

{# Customers and blocks of 60 days (initiative_block) with a log-in, of the days for which `days` holds. #}
{% macro logins_by_block(days) -%}
select customer_id, {{ initiative_block() }}
from (
    select customer_id, {{ days_between(as_of(), 'biz_date') }} as age
    from ({{ login_days(days) }}) as login_days
) as ages
group by customer_id, cast(floor(age / 60) as integer)
{%- endmacro %}

{# The features that count as use of the mobile bank, each with the column of its uses on a day. #}
{% macro app_features() -%}
{{ return({'transfer': 'transfer_count', 'payment': 'payment_count', 'wealth': 'wealth_view_count', 'loan': 'loan_view_count'}) }}
{%- endmacro %}

{# The columns of app_use: how days are put together (put_together), and what a day adds. Weeks begin on
   Monday; the one of the business date is bit 0. #}
{% macro app_use_columns() -%}
{%- set since = recent_since(30) -%}
{%- set weekday = modules.datetime.date.fromisoformat(var('as_of')).weekday() -%}
{%- set weeks_ago = "floor((" ~ days_between(as_of(), 'biz_date') ~ " + " ~ (6 - weekday) ~ ") / 7)" -%}
{%- set columns = {
    'last_login_on': ('max', within_days(180, 'biz_date')),
    'first_recent_on': ('min', 'case when biz_date >= ' ~ since ~ ' then biz_date end'),
    'last_before_on': ('max', 'case when biz_date < ' ~ since ~ ' then biz_date end'),
    'active_days_30d': ('count', within_days(30, '1', '0')),
    'active_days_90d': ('count', within_days(90, '1', '0')),
    'weeks_45d': ('bit_or', within_days(45, 'cast(power(2, ' ~ weeks_ago ~ ') as bigint)', '0')),
    'payments_45d': ('count', within_days(45, 'payment_count', '0')),
} -%}
{%- for feature, column in app_features().items() -%}
    {%- do columns.update({feature ~ '_30d': ('count', within_days(30, column, '0'))}) -%}
    {%- do columns.update({feature ~ '_90d': ('max', within_days(90, column, '0'))}) -%}
{%- endfor -%}
{{ return(columns) }}
{%- endmacro %}

{# The rows of app_use as far as days tell for which `days` holds. #}
{% macro app_use_of(days) -%}
select
    customer_id,
    {%- for name, (how, value) in app_use_columns().items() %}
    {{ put_together(how, value) }} as {{ name }}{{ ',' if not loop.last }}
    {%- endfor %}
from ({{ login_days(days) }}) as login_days
where biz_date > {{ plus_days(recent_since(30), -365) }}
group by customer_id
{%- endmacro %}
