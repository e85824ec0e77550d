// The page: signed in, one connection for everything below it.

import { StrictMode, useState } from 'react'
import { createRoot } from 'react-dom/client'
import { ConnectionManagerProvider } from 'syncline/react'
import { ShopFloor } from './ShopFloor.js'
import { SignIn } from './SignIn.js'
import './style.css'

/** For as long as the tab is open, and for this tab alone. */
const TOKEN = 'token'

function App() {
  const [token, setToken] = useState(sessionStorage.getItem(TOKEN))

  function signIn(token: string) {
    sessionStorage.setItem(TOKEN, token)
    setToken(token)
  }

  /** By a new page, so that nothing of one user is left for the next. */
  function leave() {
    sessionStorage.removeItem(TOKEN)
    location.reload()
  }

  if (token === null) return <SignIn onSignIn={signIn} />
  return (
    <ConnectionManagerProvider config={{ token, topics: ['orders'] }}>
      <ShopFloor token={token} onLeave={leave} />
    </ConnectionManagerProvider>
  )
}

const root = document.getElementById('root')
if (root === null) throw new Error('index.html has no root')
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
)
