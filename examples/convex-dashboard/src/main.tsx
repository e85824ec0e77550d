// The page: signed in, one connection for everything below it.

import { StrictMode, useMemo, useState } from 'react'
import { createRoot } from 'react-dom/client'
import { ConnectionManagerProvider, useConnectionManager, useMessages } from 'syncline/react'
import { Downloads } from './Downloads.js'
import { Orders } from './Orders.js'
import { createShop } from './shop.js'
import './style.css'

// A demonstration has no passwords: your sign-in hands out a token here.
const USERS = ['ann', 'ben']
/** For as long as the tab is open, and for this tab alone. */
const USER = 'user'

function App({ convexUrl }: { convexUrl: string }) {
  const [userId, setUserId] = useState(sessionStorage.getItem(USER))

  function signIn(user: string) {
    sessionStorage.setItem(USER, user)
    setUserId(user)
  }

  if (userId === null) {
    return (
      <main className="sign-in">
        <h1>Shop</h1>
        <p className="dim">Two tabs, two people: each tab keeps its own.</p>
        {USERS.map((user) => (
          <button key={user} type="button" onClick={() => signIn(user)}>
            I am {user}
          </button>
        ))}
      </main>
    )
  }
  return (
    <ConnectionManagerProvider config={{ token: `${userId}-token`, topics: ['convex.orders'] }}>
      <Dashboard convexUrl={convexUrl} userId={userId} />
    </ConnectionManagerProvider>
  )
}

function Dashboard({ convexUrl, userId }: { convexUrl: string; userId: string }) {
  const shop = useMemo(() => createShop(convexUrl, userId), [convexUrl, userId])
  const { status, transport } = useConnectionManager()
  const notifications = useMessages({ type: 'notification.new', limit: 3 })
  return (
    <main>
      <header>
        <h1>Shop</h1>
        <p className="state" role="status" data-status={status}>
          {userId}: {status} {transport && `by ${transport}`}
        </p>
      </header>
      <ul className="notifications" aria-label="Notifications" aria-live="polite">
        {notifications.map(({ id, payload }) => (
          <li key={id}>
            <strong>{payload.title}</strong> {payload.message}
          </li>
        ))}
      </ul>
      <Orders shop={shop} />
      <Downloads shop={shop} />
    </main>
  )
}

const convexUrl: string = await (await fetch('/convex-url')).json()
const root = document.getElementById('root')
if (root === null) throw new Error('index.html has no root')
createRoot(root).render(
  <StrictMode>
    <App convexUrl={convexUrl} />
  </StrictMode>,
)
