-- stg_wealth__holdings_history: how did each investment stand at every snapshot delivered so far?
--
-- One row per snapshot_on and holding_id. Values of the past are read here: the newest snapshot alone knows only today's.
select biz_date as snapshot_on, {{ all_but('biz_date') }}
from {{ source('wealth', 'holdings') }}
where biz_date <= {{ as_of() }}
