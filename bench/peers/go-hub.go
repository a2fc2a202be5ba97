// The classic chat hub in Go, after gorilla/websocket's own example: two goroutines a client, one hub goroutine a room,
// channels between them. No accounts, no checks, nothing stored. Its frames are Parley's.
package main

import (
	"bufio"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

const (
	writeWait      = 10 * time.Second
	pongWait       = 60 * time.Second
	pingPeriod     = pongWait * 9 / 10
	maxMessageSize = 64 << 10
	sendBuffer     = 256
	timeLayout     = "2006-01-02T15:04:05.000Z"
)

type sendMessage struct {
	Payload struct {
		RoomID  string `json:"room_id"`
		Content string `json:"content"`
		TempID  string `json:"temp_id"`
	} `json:"payload"`
}

type frame struct {
	Type      string      `json:"type"`
	Payload   interface{} `json:"payload"`
	Timestamp string      `json:"timestamp"`
}

type ack struct {
	TempID    string `json:"temp_id"`
	ID        string `json:"id"`
	RoomID    string `json:"room_id"`
	Seq       int64  `json:"seq"`
	Rev       int64  `json:"rev"`
	CreatedAt string `json:"created_at"`
}

type sender struct {
	ID          string  `json:"id"`
	Username    string  `json:"username"`
	DisplayName string  `json:"display_name"`
	AvatarURL   *string `json:"avatar_url"`
}

type message struct {
	ID         string   `json:"id"`
	RoomID     string   `json:"room_id"`
	Seq        int64    `json:"seq"`
	Rev        int64    `json:"rev"`
	Sender     *sender  `json:"sender"`
	Content    string   `json:"content"`
	Type       string   `json:"type"`
	ReplyTo    *string  `json:"reply_to"`
	Files      []string `json:"files"`
	Reactions  []string `json:"reactions"`
	Mentions   []string `json:"mentions"`
	CreatedAt  string   `json:"created_at"`
	IsEdited   bool     `json:"is_edited"`
	EditedAt   *string  `json:"edited_at"`
	IsDeleted  bool     `json:"is_deleted"`
	IsRecalled bool     `json:"is_recalled"`
	TempID     string   `json:"temp_id"`
}

type client struct {
	conn   *websocket.Conn
	send   chan []byte
	done   chan struct{}
	sender sender
	hubs   map[string]*hub
}

type posted struct {
	from *client
	sendMessage
}

type hub struct {
	id         string
	register   chan *client
	unregister chan *client
	broadcast  chan posted
	seq        int64
	random     io.Reader
}

var (
	hubs   = map[string]*hub{}
	hubsMu sync.Mutex
	empty  = []string{}
)

func hubOf(id string) *hub {
	hubsMu.Lock()
	defer hubsMu.Unlock()
	if h, ok := hubs[id]; ok {
		return h
	}
	h := &hub{
		id:         id,
		register:   make(chan *client),
		unregister: make(chan *client),
		broadcast:  make(chan posted, sendBuffer),
		random:     bufio.NewReader(rand.Reader),
	}
	hubs[id] = h
	go h.run()
	return h
}

func (h *hub) run() {
	clients := map[*client]bool{}
	for {
		select {
		case c := <-h.register:
			clients[c] = true
		case c := <-h.unregister:
			delete(clients, c)
		case p := <-h.broadcast:
			h.seq++
			answer, event := h.frames(p)
			p.from.post(answer)
			for c := range clients {
				c.post(event)
			}
		}
	}
}

func (h *hub) frames(p posted) (answer, event []byte) {
	now := time.Now().UTC()
	at := now.Format(timeLayout)
	id := newID(h.random, now)
	answer = marshal("message_ack", at, ack{p.Payload.TempID, id, h.id, h.seq, h.seq, at})
	event = marshal("new_message", at, message{
		ID: id, RoomID: h.id, Seq: h.seq, Rev: h.seq, Sender: &p.from.sender, Content: p.Payload.Content, Type: "text",
		Files: empty, Reactions: empty, Mentions: empty, CreatedAt: at, TempID: p.Payload.TempID,
	})
	return
}

func marshal(kind, at string, payload interface{}) []byte {
	bytes, err := json.Marshal(frame{kind, payload, at})
	if err != nil {
		log.Fatal(err)
	}
	return bytes
}

// A UUIDv7.
func newID(random io.Reader, now time.Time) string {
	var id [16]byte
	if _, err := io.ReadFull(random, id[6:]); err != nil {
		log.Fatal(err)
	}
	ms := now.UnixMilli()
	for index := 5; index >= 0; index-- {
		id[index] = byte(ms)
		ms >>= 8
	}
	id[6] = id[6]&0x0f | 0x70
	id[8] = id[8]&0x3f | 0x80
	var text [36]byte
	hex.Encode(text[:8], id[:4])
	hex.Encode(text[9:13], id[4:6])
	hex.Encode(text[14:18], id[6:8])
	hex.Encode(text[19:23], id[8:10])
	hex.Encode(text[24:], id[10:])
	text[8], text[13], text[18], text[23] = '-', '-', '-', '-'
	return string(text[:])
}

// The example closes a client whose buffer is full; nothing may be lost here, so the room waits for it.
func (c *client) post(bytes []byte) {
	select {
	case c.send <- bytes:
	case <-c.done:
	}
}

func (c *client) readPump() {
	defer func() {
		close(c.done)
		for _, h := range c.hubs {
			h.unregister <- c
		}
		c.conn.Close()
	}()
	c.conn.SetReadLimit(maxMessageSize)
	c.conn.SetReadDeadline(time.Now().Add(pongWait))
	c.conn.SetPongHandler(func(string) error {
		return c.conn.SetReadDeadline(time.Now().Add(pongWait))
	})
	for {
		_, bytes, err := c.conn.ReadMessage()
		if err != nil {
			return
		}
		p := posted{from: c}
		if err := json.Unmarshal(bytes, &p.sendMessage); err != nil {
			return
		}
		if h, ok := c.hubs[p.Payload.RoomID]; ok {
			h.broadcast <- p
		}
	}
}

func (c *client) writePump() {
	ticker := time.NewTicker(pingPeriod)
	defer func() {
		ticker.Stop()
		c.conn.Close()
	}()
	for {
		select {
		case bytes := <-c.send:
			c.conn.SetWriteDeadline(time.Now().Add(writeWait))
			if c.conn.WriteMessage(websocket.TextMessage, bytes) != nil {
				return
			}
		case <-ticker.C:
			c.conn.SetWriteDeadline(time.Now().Add(writeWait))
			if c.conn.WriteMessage(websocket.PingMessage, nil) != nil {
				return
			}
		case <-c.done:
			return
		}
	}
}

var upgrader = websocket.Upgrader{
	ReadBufferSize:  4096,
	WriteBufferSize: 4096,
	CheckOrigin:     func(*http.Request) bool { return true },
}

func serve(w http.ResponseWriter, r *http.Request) {
	conn, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	name := r.URL.Query().Get("name")
	id := newID(rand.Reader, time.Now())
	c := &client{
		conn:   conn,
		send:   make(chan []byte, sendBuffer),
		done:   make(chan struct{}),
		sender: sender{ID: id, Username: name, DisplayName: name},
		hubs:   map[string]*hub{},
	}
	for _, room := range strings.Split(r.URL.Query().Get("rooms"), ",") {
		h := hubOf(room)
		c.hubs[room] = h
		h.register <- c
	}
	c.send <- []byte(`{"type":"ready"}`)
	go c.writePump()
	go c.readPump()
}

func main() {
	listener, err := net.Listen("tcp", "0.0.0.0:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("{\"msg\":\"ready\",\"url\":\"http://127.0.0.1:%d/\"}\n", listener.Addr().(*net.TCPAddr).Port)
	http.HandleFunc("/ws", serve)
	log.Fatal(http.Serve(listener, nil))
}
