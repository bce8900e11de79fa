// Makes richtext.json: documents as a live Tiptap editor shares them, with the JSON it shows.
//
// In a folder with @tiptap/core, /pm, /starter-kit, /extension-table, -list, -image, -highlight,
// -subscript, -superscript, -text-align (3.31.x), @tiptap/y-tiptap, yjs and jsdom installed:
//   cp tests/vectors/make_richtext.mjs . && node make_richtext.mjs > .../tests/vectors/richtext.json
import { JSDOM } from 'jsdom'

const { window } = new JSDOM('<!doctype html><body></body>')
const browser =
  'window document navigator MutationObserver Node HTMLElement DOMParser getComputedStyle innerHeight innerWidth'
for (const name of browser.split(' '))
  Object.defineProperty(globalThis, name, { value: window[name], configurable: true })
globalThis.requestAnimationFrame = (callback) => setTimeout(callback, 0)
globalThis.cancelAnimationFrame = clearTimeout

const Y = await import('yjs')
const { Editor, Extension, Mark } = await import('@tiptap/core')
const { ySyncPlugin } = await import('@tiptap/y-tiptap')
const { default: StarterKit } = await import('@tiptap/starter-kit')
const { TableKit } = await import('@tiptap/extension-table')
const { TaskList, TaskItem } = await import('@tiptap/extension-list')
const { default: Image } = await import('@tiptap/extension-image')
const { default: Highlight } = await import('@tiptap/extension-highlight')
const { default: Subscript } = await import('@tiptap/extension-subscript')
const { default: Superscript } = await import('@tiptap/extension-superscript')
const { default: TextAlign } = await import('@tiptap/extension-text-align')

// A mark that may overlap itself, which y-prosemirror stores under a name with a hash.
const Comment = Mark.create({
  name: 'comment',
  excludes: '',
  addAttributes: () => ({ id: { default: null } }),
  parseHTML: () => [{ tag: 'span[data-id]', getAttrs: (e) => ({ id: e.dataset.id }) }],
  renderHTML: ({ HTMLAttributes }) => ['span', HTMLAttributes, 0],
})

const open = (doc, content) =>
  new Editor({
    element: document.createElement('div'),
    extensions: [
      StarterKit.configure({ undoRedo: false }),
      TableKit,
      TaskList,
      TaskItem.configure({ nested: true }),
      Image,
      Highlight.configure({ multicolor: true }),
      Subscript,
      Superscript,
      TextAlign.configure({ types: ['heading', 'paragraph'] }),
      Comment,
      Extension.create({
        name: 'sync',
        addProseMirrorPlugins: () => [ySyncPlugin(doc.getXmlFragment('default'))],
      }),
    ],
  })

const settle = () => new Promise((resolve) => setTimeout(resolve, 20))

const documents = {
  empty: '<p></p>',
  'paragraphs with é and 😀': '<p>héllo 😀 wörld</p><p></p><p>a<br>b<br><br>c</p>',
  headings: [1, 2, 3, 4, 5, 6].map((n) => `<h${n}>Heading ${n}</h${n}>`).join(''),
  marks:
    '<p><strong>bold</strong> <em>italic</em> <s>strike</s> <u>underline</u> <code>code</code> ' +
    '<mark>yellow</mark> <mark data-color="#ff8800">orange</mark> H<sub>2</sub>O x<sup>2</sup></p>' +
    '<p><strong>a<em>b<u>c</u></em></strong><em>d</em>😀<a href="https://example.org/é">link ' +
    '<strong>bold</strong></a></p>',
  'marks inside of words': '<p>un<strong>believ</strong>able<em>!</em><strong>"q"</strong>s</p>',
  'overlapping marks':
    '<p>one <span data-id="1">two <span data-id="2">three</span></span> four</p>',
  lists:
    '<ul><li><p>a</p><ul><li><p>b</p><ol start="7"><li><p>c</p></li><li><p>d</p></li></ol></li></ul>' +
    '</li><li><p>e</p><p>f</p></li></ul><ol><li><p>g</p></li></ol>',
  tasks:
    '<ul data-type="taskList"><li data-type="taskItem" data-checked="true"><div><p>done</p></div></li>' +
    '<li data-type="taskItem" data-checked="false"><div><p>open</p><ul data-type="taskList">' +
    '<li data-type="taskItem" data-checked="true"><div><p>nested</p></div></li></ul></div></li></ul>',
  table:
    '<table><tbody><tr><th colspan="2"><p>wide</p></th><th><p style="text-align: right">r</p></th></tr>' +
    '<tr><td rowspan="2"><p>tall</p></td><td colwidth="120"><p>a|b</p><p>two</p></td><td><p></p></td>' +
    '</tr><tr><td><p><strong>x</strong></p></td><td><ul><li><p>i</p></li></ul></td></tr></tbody></table>',
  code: '<pre><code class="language-python">if a &lt; b:\n    print("```é")\n</code></pre><pre><code>x</code></pre>',
  quotes: '<blockquote><p>a</p><blockquote><p>b</p></blockquote></blockquote><hr><p>after</p>',
  images: '<img src="https://example.org/é.png" alt="an é" title="t"><p>x</p>',
  alignment: '<h2 style="text-align: center">c</h2><p style="text-align: justify">j</p>',
  'markdown in text':
    '<p>*a* _b_ `c` # d [e](f) &lt;g&gt; ![h](i) ~~j~~ &amp;amp; \\ snake_case</p><p>1. k</p><p>- l</p>' +
    '<p># m</p><p>&gt; n</p><p>---</p><p>| o | p |</p>',
}

const vectors = []
for (const [name, html] of Object.entries(documents)) {
  const doc = new Y.Doc({ gc: true })
  doc.clientID = 1
  const editor = open(doc)
  await settle()
  editor.commands.setContent(html)
  await settle()
  vectors.push({
    name,
    update: Buffer.from(Y.encodeStateAsUpdate(doc)).toString('base64'),
    json: editor.getJSON(),
  })
  editor.destroy()
}
console.log(`[\n${vectors.map((vector) => JSON.stringify(vector)).join(',\n')}\n]`)
