export const kinds = ['late_report', 'off_path', 'stale', 'delayed', 'target_at_risk', 'contradiction'] as const
export const warningStates = ['open', 'acknowledged', 'answered', 'closed'] as const
export const tells = ['tell_office', 'tell_leads', 'tell_reporters'] as const
