-- merchant_episodes: when was each merchant below its usual settlement, and what was usual before?
--
-- One row per merchant and episode of the last 200 days, at most six. An episode starts on the first day with an alert
-- level above 0 after the one before ended; its base is the usual settlement of that day and stays fixed, so that a
-- merchant in decline is not measured against its own decline. It ends after 7 days running on which the level against
-- that base (of seasonal trades: against last year's of the day) is 0; ended_on is the seventh. Days before the path are not known: an episode older than that starts with it.
{% set episodes = 6 %}
with days as (
    select merchant_id, day, settled_30d_amount, usual_amount, idle_days, alert_level, season_amount
    from {{ ref('merchant_days') }}
),

{% for k in range(1, episodes + 1) %}
start_{{ k }} as (
    select
        days.merchant_id,
        min(days.day) as started_on,
        min_by(days.usual_amount, days.day) as base_amount
    from days
    {% if k > 1 -%}
    inner join end_{{ k - 1 }} on days.merchant_id = end_{{ k - 1 }}.merchant_id and days.day > end_{{ k - 1 }}.ended_on
    {% endif -%}
    where days.alert_level > 0
    group by days.merchant_id
),

low_{{ k }} as (
    select
        days.merchant_id,
        days.day,
        lead(days.day) over (partition by days.merchant_id order by days.day nulls last) as next_low_on
    from days
    inner join start_{{ k }} as start on days.merchant_id = start.merchant_id and days.day >= start.started_on
    where {{ episode_level('days', 'start.base_amount') }} > 0
),

end_{{ k }} as (
    select merchant_id, {{ plus_days('min(day)', threshold('merchant_better_days')) }} as ended_on
    from low_{{ k }}
    where (next_low_on is null and day <= {{ plus_days(as_of(), '-' ~ threshold('merchant_better_days')) }})
        or next_low_on > {{ plus_days('day', threshold('merchant_better_days')) }}
    group by merchant_id
),
{% endfor %}

told as (
    {% for k in range(1, episodes + 1) -%}
    select
        start_{{ k }}.merchant_id,
        {{ k }} as episode,
        start_{{ k }}.started_on,
        start_{{ k }}.base_amount,
        end_{{ k }}.ended_on
    from start_{{ k }}
    left join end_{{ k }} on start_{{ k }}.merchant_id = end_{{ k }}.merchant_id
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    merchant_id,
    cast(episode as integer) as episode,
    started_on,
    {{ money('base_amount') }} as base_amount,
    ended_on,
    {{ as_of_column() }}
from told
