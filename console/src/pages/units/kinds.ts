export const unitKinds = ['department', 'town', 'company', 'park', 'institution', 'group'] as const
