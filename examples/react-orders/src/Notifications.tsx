// What the shop has to tell the user who is signed in, on whichever of his tabs.

import { useMessages } from 'syncline/react'

export function Notifications() {
  const notifications = useMessages({ type: 'notification.new', limit: 3 })
  return (
    <ul className="notifications" aria-label="Notifications" aria-live="polite">
      {notifications.map(({ id, payload }) => (
        <li key={id}>
          <strong>{payload.title}</strong> {payload.message}
        </li>
      ))}
    </ul>
  )
}
