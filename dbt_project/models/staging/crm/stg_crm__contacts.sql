-- stg_crm__contacts: what came of the contacts with leads, as recorded so far?
--
-- One row per contact_id.
{{ rows_until(source('crm', 'contacts'), 'recorded_at') }}
